package io.arvid.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class PsnrSsimTest {
    @Test
    void aKnownErrorHasAKnownPsnr() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor black = Tensors.zeros(DTypes.F64, 2, 3, 4, 5);
            double eighth = 20 * Math.log10(8);
            assertThat(new Psnr().perFrame(black, Ops.add(black, 0.125)))
                    .containsExactly(new double[] {eighth, eighth}, within(1e-9));
            assertThat(new Psnr().perFrame(black, Ops.add(black, 1e-6)))
                    .containsExactly(Psnr.IDENTICAL, Psnr.IDENTICAL);
        }
    }

    @Test
    void identicalFramesAreFullySimilarAndNoiseIsNot() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(1)) {
            Tensor video = seeds.uniform(2, 3, 20, 17);
            assertThat(new Ssim().perFrame(video, video)).containsExactly(new double[] {1, 1}, within(1e-12));
            assertThat(new Ssim().perFrame(video, seeds.uniform(2, 3, 20, 17))[0])
                    .isLessThan(0.2);
        }
    }

    @Test
    void constantPlanesFollowTheLuminanceTerm() {
        double[] dark = new double[11 * 11];
        double[] light = new double[11 * 11];
        java.util.Arrays.fill(dark, 0.2);
        java.util.Arrays.fill(light, 0.6);
        double expected = (2 * 0.12 + 1e-4) / (0.04 + 0.36 + 1e-4);
        assertThat(Ssim.ofPlane(dark, light, 11)).isCloseTo(expected, within(1e-9));
    }

    @Test
    void badPairsAreRefused() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(1)) {
            assertThatThrownBy(() -> new Psnr().perFrame(seeds.uniform(2, 3, 8, 8), seeds.uniform(3, 3, 8, 8)))
                    .hasMessageContaining("[2, 3, 8, 8]")
                    .hasMessageContaining("[3, 3, 8, 8]");
            assertThatThrownBy(() -> new Ssim().perFrame(seeds.uniform(2, 3, 8, 8), seeds.uniform(2, 3, 8, 8)))
                    .hasMessageContaining("11×11");
        }
    }

    @Test
    void scoresReduceOverVideosOfDifferentLengths() {
        FrameScores scores = new FrameScores(List.of(new double[] {1, 3}, new double[] {5}));
        assertThat(scores.mean()).isEqualTo(3);
        assertThat(scores.videoMeans()).containsExactly(2, 5);
        assertThat(scores.meanByFrame()).containsExactly(3, 3);
        assertThat(scores.deviationByFrame()).containsExactly(2, 0);
    }
}
