package io.arvid.model.wan.vae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.model.wan.CheckpointShapes;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WanVaeTest {
    private static final WanVaeConfig CONFIG =
            new WanVaeConfig(4, 4, List.of(1, 2, 2), 1, List.of(), List.of(true, true));
    private static final LatentStatistics STATISTICS =
            new LatentStatistics(List.of(0.1, -0.2, 0.3, 0.0), List.of(1.5, 2.0, 0.5, 1.0));

    private static WeightMap weights;
    private static WanVae vae;

    private TensorScope scope;
    private Seeds seeds;

    @BeforeAll
    static void make() {
        Torch.setThreads(1);
        weights = randomWeights();
        vae = new WanVae(CONFIG, STATISTICS, weights);
    }

    @AfterAll
    static void free() {
        weights.close();
    }

    @BeforeEach
    void open() {
        scope = TensorScope.open();
        seeds = new Seeds(11);
    }

    @AfterEach
    void close() {
        seeds.close();
        scope.close();
    }

    @Test
    void namesAndShapesAreThoseOfTheCheckpoint() throws IOException {
        assertThat(CheckpointShapes.of(WanVaeConfig.wan2_1().parameterShapes()))
                .isEqualTo(CheckpointShapes.published("wan2.1_vae"));
    }

    @Test
    void piecesOfAnySizeEqualTheWholeClip() {
        Tensor latents = seeds.normal(1, 5, 4, 3, 5);
        Tensor whole = vae.decode(latents);
        try (WanVae.Decoding stream = vae.startDecoding()) {
            Tensor joined = Ops.cat(
                    1,
                    stream.decode(Ops.slice(latents, 1, 0, 1)),
                    stream.decode(Ops.slice(latents, 1, 1, 4)),
                    stream.decode(Ops.slice(latents, 1, 4, 5)));
            assertThat(Tensors.shape(joined)).containsExactly(1, 17, 3, 12, 20);
            assertThat(Tensors.toFloats(joined)).containsExactly(Tensors.toFloats(whole));
        }
    }

    @Test
    void earlierFramesDoNotDependOnLaterOnes() {
        Tensor latents = seeds.normal(1, 3, 4, 2, 2);
        Tensor pixels = vae.decode(latents);
        Tensor fewer = vae.decode(Ops.slice(latents, 1, 0, 2));
        assertThat(Tensors.toFloats(Ops.slice(pixels, 1, 0, 5))).containsExactly(Tensors.toFloats(fewer));

        Tensor clip = seeds.uniform(1, 9, 3, 8, 8);
        Tensor encoded = vae.encode(clip);
        Tensor beginning = vae.encode(Ops.slice(clip, 1, 0, 5));
        assertThat(Tensors.shape(encoded)).containsExactly(1, 3, 4, 2, 2);
        assertThat(Tensors.toFloats(Ops.slice(encoded, 1, 0, 2))).containsExactly(Tensors.toFloats(beginning));
    }

    @Test
    void surplusFramesAreLeftOut() {
        Tensor clip = seeds.uniform(1, 8, 3, 8, 8);
        assertThat(Tensors.toFloats(vae.encode(clip)))
                .containsExactly(Tensors.toFloats(vae.encode(Ops.slice(clip, 1, 0, 5))));
    }

    @Test
    void clipsOfABatchAreIndependent() {
        Tensor latents = seeds.normal(2, 3, 4, 2, 3);
        Tensor both = vae.decode(latents);
        assertClose(vae.decode(Ops.slice(latents, 0, 1, 2)), Ops.slice(both, 0, 1, 2), 1e-5);
        Tensor pixels = seeds.uniform(2, 5, 3, 8, 12);
        assertClose(vae.encode(Ops.slice(pixels, 0, 1, 2)), Ops.slice(vae.encode(pixels), 0, 1, 2), 1e-5);
    }

    @Test
    void computesInTheTypeOfItsWeights() {
        Tensor latents = seeds.normal(1, 2, 4, 2, 2);
        try (WeightMap half = weights.to(DTypes.BF16)) {
            Tensor rough = new WanVae(CONFIG, STATISTICS, half).decode(Ops.to(latents, DTypes.BF16));
            assertThat(DTypes.of(rough)).isEqualTo(DTypes.F32);
            // Twenty layers of relative error 2⁻⁸ on values in [−1, 1].
            assertClose(rough, vae.decode(latents), 20.0 / 256);
        }
    }

    @Test
    void aStreamDoesNotGrow() {
        Tensor latents = seeds.normal(1, 1, 4, 2, 2);
        try (WanVae.Decoding stream = vae.startDecoding()) {
            Consumer<Integer> decode = count -> {
                for (int i = 0; i < count; i++) {
                    TensorScope.runAndFree(() -> stream.decode(latents));
                }
            };
            decode.accept(4);
            long before = org.bytedeco.javacpp.Pointer.totalBytes();
            decode.accept(20);
            assertThat(org.bytedeco.javacpp.Pointer.totalBytes())
                    .as("less where a collection meanwhile frees what other tests left")
                    .isLessThanOrEqualTo(before);
        }
    }

    @Test
    void refusesWhatIsNotAClip() {
        assertThatThrownBy(() -> vae.encode(seeds.uniform(1, 3, 5, 8, 8)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pixels [1, 3, 5, 8, 8] are not [clips, frames, 3, height, width]");
        assertThatThrownBy(() -> vae.encode(seeds.uniform(1, 1, 3, 8, 3)))
                .hasMessage("pixels of 8×3 are smaller than one latent: 4×4");
        assertThatThrownBy(() -> vae.decode(seeds.normal(1, 3, 16, 2, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("latents [1, 3, 16, 2, 2] are not [clips, frames, 4, height, width]");
        assertThatThrownBy(() -> vae.decode(Tensors.zeros(DTypes.F32, 1, 0, 4, 2, 2)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesToContinueAStreamWithAnotherSize() {
        try (WanVae.Decoding stream = vae.startDecoding()) {
            stream.decode(seeds.normal(1, 1, 4, 2, 2));
            assertThatThrownBy(() -> stream.decode(seeds.normal(1, 1, 4, 2, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("latents [1, 1, 4, 2, 3] do not continue a stream of 1 clips of 2×2");
        }
    }

    @Test
    void refusesSizesThatDoNotFit() {
        assertThatThrownBy(() -> new WanVaeConfig(4, 4, List.of(1, 2), 1, List.of(), List.of(true, true)))
                .hasMessageContaining("temperal_downsample has 2 entries");
        assertThatThrownBy(() -> new WanVaeConfig(4, 4, List.of(1, 1, 1, 1), 1, List.of(), List.of(true, true, true)))
                .hasMessageContaining("halves time more than twice");
        assertThatThrownBy(() -> new WanVaeConfig(4, 4, List.of(1, 2), 1, List.of(0.5), List.of(true)))
                .hasMessageContaining("attn_scales [0.5]");
        assertThatThrownBy(() -> new WanVae(CONFIG, LatentStatistics.wan2_1(), weights))
                .hasMessage("latent statistics of 16 channels for a Wan VAE with z_dim 4");
        assertThatThrownBy(() -> new LatentStatistics(List.of(1.0), List.of())).hasMessageContaining("1 means and 0");
    }

    @Test
    void namesEveryMissingParameter() {
        WanVaeConfig deeper = new WanVaeConfig(4, 4, List.of(1, 2, 2), 2, List.of(), List.of(true, true));
        assertThatThrownBy(() -> new WanVae(deeper, STATISTICS, weights))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("missing decoder.upsamples.10.residual.0.gamma [4, 1, 1, 1]");
    }

    private static void assertClose(Tensor actual, Tensor expected, double tolerance) {
        assertThat(Tensors.toFloats(actual)).hasSameSizeAs(Tensors.toFloats(expected));
        double error = Tensors.item(actual.sub(expected).abs().max());
        assertThat(error).isCloseTo(0, within(tolerance));
    }

    private static WeightMap randomWeights() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(5)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            CONFIG.parameterShapes().forEach((name, shape) -> {
                Tensor noise = seeds.normal(shape);
                double fanIn = Math.max(1, (double) noise.numel() / shape[0]);
                tensors.put(
                        name,
                        name.endsWith("gamma")
                                ? Ops.add(Ops.mul(noise, 0.1), 1)
                                : Ops.div(noise, Math.sqrt(fanIn) * 2));
            });
            return WeightMap.of(tensors);
        }
    }
}
