package io.arvid.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.TorchScriptModule;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A TorchScript file with I3D's signature and 3D convolutions, a few kB small, stands in for I3D. */
class FvdFeaturesTest {
    private static Path file() throws URISyntaxException {
        return Path.of(
                FvdFeaturesTest.class.getResource("/evaluate/tiny-video-net.pt").toURI());
    }

    @Test
    void theUsersNetworkSeesThePreprocessedVideoWithoutItsOwnScaling() throws Exception {
        float[] inPyTorch = {-0.284344733f, -0.297594815f, 0.468227357f, -0.0744661465f, -0.140893832f, -0.145656988f};
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(11);
                FvdFeatures features = new FvdFeatures(file(), 16)) {
            assertThat(features.of(seeds.uniform(12, 3, 20, 30))).containsExactly(inPyTorch, within(1e-5f));
            assertThatThrownBy(() -> features.of(Tensors.zeros(DTypes.F32, 9, 3, 20, 30)))
                    .hasMessageContaining("at least 10 frames; the video has 9");
        }
    }

    @Test
    void parametersOfATorchScriptFileHaveTheirNames() throws Exception {
        try (TensorScope scope = TensorScope.open();
                TorchScriptModule module = TorchScriptModule.load(file())) {
            assertThat(module.parameters().keySet())
                    .containsExactly("conv.weight", "conv.bias", "head.weight", "head.bias");
            assertThat(Tensors.toFloats(module.parameters().get("head.bias"))[0])
                    .isCloseTo(-0.2504937f, within(1e-6f));
        }
    }

    @Test
    void anotherKindOfFileIsRefusedInOneLine() throws Exception {
        Path json =
                Path.of(FvdFeaturesTest.class.getResource("/evaluate/clip.json").toURI());
        assertThatThrownBy(() -> TorchScriptModule.load(json))
                .hasMessageContaining("clip.json: not a TorchScript file")
                .satisfies(error ->
                        assertThat(List.of(error.getMessage().split("\n"))).hasSize(1));
    }
}
