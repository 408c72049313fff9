package io.arvid.evaluate.vbench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.evaluate.NetFixture;
import io.arvid.evaluate.VideoMetric;
import io.arvid.evaluate.net.AestheticHead;
import io.arvid.evaluate.net.DinoEncoder;
import io.arvid.evaluate.net.FrameInterpolator;
import io.arvid.evaluate.net.ImageEncoder;
import io.arvid.evaluate.net.Musiq;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class VBenchTest {
    private static final Path GOLDEN = Path.of("..", "testdata", "golden", "vbench_aggregation", "io.safetensors");

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    /** The golden case says what its stand-in for AMT-S does; padding to multiples of 16 and truncation to bytes are ours. */
    @Test
    void theGoldenCasesInterpolatedFramesComeOutOfTheWholeChain() {
        FrameInterpolator standIn = (a, b) -> Ops.add(Ops.mul(Ops.mul(a.add(b), 0.5), 1.04), -0.01);
        try (TensorScope scope = TensorScope.open();
                WeightMap io = SafetensorsFile.open(GOLDEN)) {
            for (String video : new String[] {"motion0", "motion1"}) {
                Tensor frames = io.get(video + "_frames").permute(0, 3, 1, 2).contiguous();
                Tensor expected = io.get(video + "_interpolated").permute(0, 3, 1, 2);
                MotionSmoothness metric = new MotionSmoothness(standIn);
                double[] scores = metric.perFrame(frames);
                assertThat(scores).hasSize((int) (expected.size(0) / 2));
                for (int i = 0; i < scores.length; i++) {
                    assertThat(Tensors.toBytes(metric.interpolated(frames, i)))
                            .isEqualTo(Tensors.toBytes(Ops.slice(expected, 0, 2 * i + 1, 2 * i + 2)));
                }
            }
        }
    }

    @Test
    void aStillVideoIsConsistentAndMovesNowhere() {
        try (TensorScope scope = TensorScope.open();
                WeightMap file = NetFixture.load("dino").weights();
                ImageEncoder dino = new DinoEncoder(file);
                Seeds seeds = new Seeds(1)) {
            Tensor still = Ops.to(Ops.mul(seeds.uniform(1, 3, 30, 44), 255), DTypes.U8)
                    .expand(3, 3, 30, 44)
                    .contiguous();
            VideoMetric subject = FeatureConsistency.subject(dino, VBenchAggregation.OVER_FRAMES);
            assertThat(subject.perFrame(still)).containsExactly(new double[] {1, 1}, within(1e-6));
            assertThat(subject.frameOf(0)).isEqualTo(1);
            Tensor one = Ops.slice(still, 0, 0, 1);
            assertThatThrownBy(() -> subject.perFrame(one)).hasMessageContaining("two frames");
            VideoMetric dynamic = new DynamicDegree((a, b) -> Tensors.zeros(DTypes.F32, 1, 2, 32, 48), 16);
            assertThat(dynamic.perFrame(Tensors.zeros(DTypes.U8, 20, 3, 30, 44)))
                    .containsExactly(0);
        }
    }

    @Test
    void aVideoMovesWhereEnoughPairsMoveFarEnough() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor video = Tensors.zeros(DTypes.U8, 33, 3, 256, 320);
            Tensor flow = Tensors.zeros(DTypes.F32, 1, 2, 256, 320);
            Ops.slice(flow, 2, 0, 13).fill_(new org.bytedeco.pytorch.Scalar(5));
            DynamicDegree degree = new DynamicDegree((a, b) -> flow, 16);
            assertThat(degree.motions(video)).hasSize(16).containsOnly(new double[] {5 * Math.sqrt(2)}, within(1e-6));
            assertThat(degree.perFrame(video)).containsExactly(1);
            Tensor slow = Ops.mul(flow, 0.5);
            assertThat(new DynamicDegree((a, b) -> slow, 16).perFrame(video)).containsExactly(0);
        }
    }

    @Test
    void aestheticAndImagingScoresAreOverTenAndOverAHundred() {
        try (TensorScope scope = TensorScope.open();
                WeightMap musiqFile = NetFixture.load("musiq").weights();
                Musiq musiq = new Musiq(musiqFile);
                WeightMap headFile = WeightMap.of(
                        Map.of("weight", Tensors.zeros(DTypes.F32, 1, 3), "bias", Tensors.of(new float[] {7}, 1)));
                AestheticHead head = new AestheticHead(headFile);
                Seeds seeds = new Seeds(2)) {
            Tensor video = seeds.uniform(2, 3, 40, 50);
            double raw = musiq.score(Ops.slice(video, 0, 1, 2));
            assertThat(new ImagingQuality(musiq).perFrame(video)[1]).isCloseTo(raw / 100, within(1e-6));
            assertThat(new AestheticQuality(new MeanColor(), head).perFrame(video))
                    .containsExactly(0.7, 0.7);
        }
    }

    /** An encoder without parameters: the mean colour. */
    private record MeanColor() implements ImageEncoder {
        @Override
        public Tensor encode(Tensor images) {
            return Ops.mean(images, false, 2, 3);
        }

        @Override
        public void close() {}
    }
}
