package io.arvid.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.quantize.fit.RankCorrelation;
import io.arvid.record.Comparison;
import io.arvid.record.Estimate;
import io.arvid.record.MetricScores;
import io.arvid.record.PairedDifference;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PairedScoresTest {
    private static final ChunkFrames CHUNKS = ChunkFrames.ofSizes(List.of(1, 2, 2));
    private static final PairedBootstrap BOOTSTRAP = new PairedBootstrap(2000, 0.95, 7);

    private final TensorScope scope = TensorScope.open();

    @AfterEach
    void close() {
        scope.close();
    }

    /** Five latent frames whose error grows by chunk, and a video that is the same on both sides. */
    private static PairedRun run(int prompt, double error) {
        try (Seeds seeds = new Seeds(prompt)) {
            Tensor latents = seeds.normal(5, 4, 3, 3);
            Tensor growth = Tensors.of(new float[] {1, 2, 2, 3, 3}, 5, 1, 1, 1);
            Tensor video = Ops.clamp(seeds.uniform(17, 3, 12, 12), 0, 1);
            return new PairedRun("prompt " + prompt, latents, latents.add(Ops.mul(growth, error)), video, video);
        }
    }

    private static PairedScores scores(String method, double... errors) {
        PairedScores scores = PairedScores.basic(method, "w4a8", CHUNKS, 4);
        for (int i = 0; i < errors.length; i++) {
            scores.add(run(i, errors[i]));
        }
        return scores;
    }

    @BeforeAll
    static void useOneThread() {
        Torch.setThreads(1);
    }

    @Test
    void errorsAreGatheredByChunk() {
        Comparison comparison = scores("q-arvd", 0.1, 0.1, 0.1).comparison(BOOTSTRAP);
        assertThat(comparison.prompts()).isEqualTo(3);
        MetricScores mse = comparison.metric("latent-mse").orElseThrow();
        assertThat(mse.perChunk())
                .extracting(Estimate::mean)
                .satisfiesExactly(
                        first -> assertThat(first).isCloseTo(0.01, within(1e-7)),
                        second -> assertThat(second).isCloseTo(0.04, within(1e-7)),
                        third -> assertThat(third).isCloseTo(0.09, within(1e-7)));
        assertThat(mse.overall().mean()).isCloseTo((0.01 + 2 * 0.04 + 2 * 0.09) / 5, within(1e-7));
        assertThat(comparison.metric("psnr").orElseThrow().overall()).isEqualTo(Estimate.exact(Psnr.IDENTICAL));
        assertThat(comparison.metric("ssim").orElseThrow().perChunk()).hasSize(3);
    }

    @Test
    void pairsAreComparedPromptByPrompt() {
        PairedScores better = scores("q-arvd", 0.1, 0.2, 0.4, 0.8);
        PairedScores worse = scores("minmax", 0.2, 0.4, 0.8, 1.6);
        PairedDifference pair = better.against(worse, "latent-mse", BOOTSTRAP);
        assertThat(pair.ratio().mean()).isCloseTo(0.25, within(1e-6));
        assertThat(pair.ratio().low()).isCloseTo(0.25, within(1e-6));
        assertThat(pair.ratio().high()).as("prompts differ, the ratio does not").isCloseTo(0.25, within(1e-6));
        assertThat(pair.difference().high()).isNegative();
        assertThatThrownBy(() -> better.against(scores("minmax", 0.2), "latent-mse", BOOTSTRAP))
                .hasMessageContaining("different prompts");
    }

    @Test
    void decodedChunksBeginWithOneFrame() {
        ChunkFrames video = ChunkFrames.ofSizes(List.of(3, 3, 3, 3, 3, 3, 3)).decoded(4);
        assertThat(video.ends()).containsExactly(9, 21, 33, 45, 57, 69, 81);
        assertThat(video.starts()).containsExactly(0, 9, 21, 33, 45, 57, 69);
    }

    @Test
    void cosineIsOneForTheSameDirection() {
        Tensor latents = run(1, 0).latents();
        double[] cosine = new LatentCosine().perFrame(latents, Ops.mul(latents, 3));
        assertThat(cosine).hasSize(5);
        assertThat(cosine[0]).isCloseTo(1, within(1e-12));
        assertThat(new LatentCosine().perFrame(latents, Tensors.zeros(DTypes.F32, 5, 4, 3, 3))[0])
                .isZero();
    }

    @Test
    void rankCorrelationLooksAtOrderOnly() {
        assertThat(RankCorrelation.withIndex(new double[] {100, 10, 9, 1})).isEqualTo(-1);
        assertThat(RankCorrelation.spearman(new double[] {1, 2, 3, 4}, new double[] {1, 3, 2, 4}))
                .isCloseTo(0.8, within(1e-12));
        assertThat(RankCorrelation.spearman(new double[] {1, 2, 2}, new double[] {5, 6, 6}))
                .as("equal values share their rank")
                .isCloseTo(1, within(1e-12));
    }
}
