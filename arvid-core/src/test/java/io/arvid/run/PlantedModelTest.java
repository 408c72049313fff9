package io.arvid.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.model.wan.ChannelRescaling;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlantedModelTest {
    private static final Path BUNDLED = Path.of("..", "models", "shapes");

    @TempDir
    Path folder;

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    @Test
    void itSaysThatItIsPlantedAndMakesTheSameVideo() {
        Path planted = folder.resolve("planted");
        List<PlantedModel.Layer> layers = PlantedModel.write(
                BUNDLED,
                planted,
                new ChannelRescaling.Settings(ChannelRescaling.Side.WEIGHTS, 0.02, 16, ChannelRescaling.LAYERS, 0));
        assertThat(layers).hasSize(18);
        try (ModelFolder before = ModelFolder.open(BUNDLED);
                ModelFolder after = ModelFolder.open(planted)) {
            assertThat(after.config().name()).isEqualTo("shapes-planted");
            assertThat(after.json().path(PlantedModel.KEY).path("of").asText()).isEqualTo("shapes");
            assertThat(planted.resolve("README.md")).content().contains("Not a trained model of its own");
            assertThat(after.hash()).isNotEqualTo(before.hash());
            assertThat(latents(after)).isEqualTo(latents(before));
        }
    }

    private static byte[] latents(ModelFolder model) {
        try (Generator generator = new Generator(model);
                TensorScope scope = TensorScope.open()) {
            return Tensors.toBytes(generator.latents(
                    "a large red circle moving left quickly on a navy background",
                    1,
                    model.transformer().fullPrecision()));
        }
    }
}
