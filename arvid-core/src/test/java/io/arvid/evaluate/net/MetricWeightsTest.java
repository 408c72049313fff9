package io.arvid.evaluate.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MetricWeightsTest {
    private static final Path GOLDEN = Path.of("..", "testdata", "golden");
    private static final Path TORCH = Path.of("..", "testdata", "torch");

    @Test
    void parametersOfATorchScriptArchiveOutliveTheModule() throws Exception {
        Path file = Path.of(MetricWeightsTest.class
                .getResource("/evaluate/tiny-video-net.pt")
                .toURI());
        try (TensorScope scope = TensorScope.open();
                WeightMap weights = MetricWeights.open(file)) {
            assertThat(weights.names()).containsExactly("conv.weight", "conv.bias", "head.weight", "head.bias");
            assertThat(Tensors.toFloats(weights.get("head.bias"))[0]).isCloseTo(-0.2504937f, within(1e-6f));
        }
    }

    @Test
    void safetensorsAndBothFormatsOfPyTorchAreRead() {
        try (TensorScope scope = TensorScope.open();
                WeightMap lpips = MetricWeights.open(GOLDEN.resolve("lpips/weights.safetensors"));
                WeightMap zip = MetricWeights.open(TORCH.resolve("dtypes.pt"));
                WeightMap legacy = MetricWeights.open(TORCH.resolve("dtypes_legacy.pth"))) {
            assertThat(lpips.has("lin0.model.1.weight")).isTrue();
            assertThat(legacy.names()).containsExactlyElementsOf(zip.names());
        }
    }

    @Test
    void severalUnknownSetsAreAQuestion() {
        assertThatThrownBy(() -> MetricWeights.open(TORCH.resolve("nested.pt")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("nested.pt: which of [");
    }
}
