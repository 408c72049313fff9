package io.arvid.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.record.Estimate;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class WeightFreeMetricsTest {
    /** Frame t is grey with value t / 10. */
    private static Tensor brightening(int frames) {
        Tensor steps = Ops.div(Tensors.arange(DTypes.F32, frames), 10);
        return steps.view(frames, 1, 1, 1).expand(frames, 3, 6, 8).contiguous();
    }

    @Test
    void flickerIsTheMeanStepBetweenFrames() {
        try (TensorScope scope = TensorScope.open()) {
            assertThat(new TemporalFlicker().perFrame(brightening(4)))
                    .hasSize(3)
                    .containsOnly(new double[] {0.1}, within(1e-6));
            assertThatThrownBy(() -> new TemporalFlicker().perFrame(brightening(1)))
                    .hasMessageContaining("two frames");
        }
    }

    @Test
    void bytesAndUnitValuesScoreTheSame() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Tensor bytes = Ops.to(Ops.mul(seeds.uniform(3, 3, 12, 14), 255), DTypes.U8);
            Tensor unit = Ops.div(Ops.toF32(bytes), 255);
            for (VideoMetric metric : List.of(new TemporalFlicker(), new Sharpness(), new ColorDrift())) {
                double[] expected = metric.perFrame(bytes);
                assertThat(metric.perFrame(unit)).as(metric.id()).containsExactly(expected, within(1e-2));
            }
            assertThat(new Psnr().perFrame(bytes, unit)).containsOnly(Psnr.IDENTICAL);
        }
    }

    @Test
    void sharpnessIsTheVarianceOfTheLaplacian() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor flat = Tensors.full(DTypes.F32, 0.5, 1, 3, 6, 8);
            assertThat(new Sharpness().perFrame(flat)[0]).isCloseTo(0, within(1e-6));
            Tensor dot = Tensors.zeros(DTypes.F32, 1, 3, 5, 5);
            dot.select(2, 2).select(2, 2).fill_(new org.bytedeco.pytorch.Scalar(1.0 / 255));
            double expected = (16 + 4) / 25.0;
            assertThat(new Sharpness().perFrame(dot)[0]).isCloseTo(expected, within(1e-5));
        }
    }

    @Test
    void colorDriftIsTheDistanceOfMeanColorsFromTheFirstFrame() {
        try (TensorScope scope = TensorScope.open()) {
            double step = 0.1 * Math.sqrt(3);
            assertThat(new ColorDrift().perFrame(brightening(4)))
                    .containsExactly(new double[] {step, 2 * step, 3 * step}, within(1e-6));
        }
    }

    @Test
    void latentsAreComparedFrameByFrame() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(4)) {
            Tensor latents = seeds.normal(3, 16, 4, 5);
            assertThat(new LatentError().perFrame(latents, Ops.add(latents, 2)))
                    .containsOnly(new double[] {4}, within(1e-5));
            assertThat(new LatentCosine().perFrame(latents, Ops.mul(latents, -3)))
                    .containsOnly(new double[] {-1}, within(1e-6));
        }
    }

    @Test
    void aDriftCurveAveragesTheFramesOfEachChunk() {
        DriftCurve curve = DriftCurve.of(new double[] {1, 3, 5, 5, 9}, i -> i + 1, List.of(0, 3, 5));
        assertThat(curve.byChunk()).containsExactly(2, 5, 9);
        assertThat(curve.drift()).isEqualTo(7);
        DriftCurve shorter = DriftCurve.of(new double[] {4}, i -> i, List.of(0, 3));
        assertThat(DriftCurve.mean(List.of(curve, shorter)).byChunk()).containsExactly(3, 5, 9);
    }

    @Test
    void pairedIntervalsAreNarrowWhereTheVideosDifferAlike() {
        double[] reference = new double[50];
        double[] candidate = new double[50];
        for (int i = 0; i < reference.length; i++) {
            reference[i] = 10 * i;
            candidate[i] = 10 * i + 1 + 0.1 * Math.sin(i);
        }
        PairedBootstrap bootstrap = new PairedBootstrap(2000, 0.95, 7);
        Estimate difference = bootstrap.meanDifference(candidate, reference);
        assertThat(difference.mean()).isCloseTo(1, within(0.02));
        assertThat(difference.high() - difference.low()).isLessThan(0.06);
        assertThat(difference.low()).isPositive();
        assertThat(bootstrap.mean(candidate).high() - bootstrap.mean(candidate).low())
                .isGreaterThan(50);
        assertThat(bootstrap.meanDifference(candidate, reference)).isEqualTo(difference);
    }

    @Test
    void videosOfOnePromptAreDrawnTogether() {
        PairedBootstrap bootstrap = new PairedBootstrap(500, 0.95, 3);
        double[] prompts = {1, 2, 7, 4};
        double[] videos = {1, 2, 7, 4, 1, 2, 7, 4};
        List<String> names = List.of("a0", "b0", "c0", "d0", "a1", "b1", "c1", "d1");
        Map<String, String> byName =
                names.stream().collect(Collectors.toMap(name -> name, name -> name.substring(0, 1)));
        VideoGroups groups = VideoGroups.byPrompt(names, byName);
        Estimate grouped = bootstrap.mean(videos, groups);
        assertThat(groups.count()).isEqualTo(4);
        assertThat(grouped).isEqualTo(bootstrap.mean(prompts));
        assertThat(bootstrap.meanRatio(videos, videos, groups)).isEqualTo(Estimate.exact(1));
        assertThat(bootstrap.mean(videos).low()).as("as if independent").isGreaterThan(grouped.low());
        assertThat(bootstrap.mean(videos, VideoGroups.byPrompt(names, Map.of())))
                .isEqualTo(bootstrap.mean(videos));
    }

    @Test
    void theIntervalOfAMeanHasItsNormalWidth() {
        try (Seeds seeds = new Seeds(5);
                TensorScope scope = TensorScope.open()) {
            double[] values = Tensors.toDoubles(seeds.normal(400));
            Estimate interval = new PairedBootstrap(4000, 0.95, 1).mean(values);
            double standardError = FrameScores.deviation(values) / 20;
            assertThat(interval.high() - interval.low())
                    .isCloseTo(2 * 1.96 * standardError, within(0.15 * standardError));
        }
    }
}
