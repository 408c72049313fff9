package io.arvid.evaluate.shapes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.evaluate.FrechetDistance;
import io.arvid.rollout.train.TrainingListener;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ShapesMetricsTest {
    private static final ShapesWorld WORLD = new ShapesWorld(WorldSpec.DEFAULT);
    private static final int CLIPS = 12;
    private static final int FRAMES = 8;
    private static final long SEED = -77;

    private final TensorScope scope = TensorScope.open();

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static ShapesMetrics bundled() {
        return ShapesMetrics.open(Path.of("..", "models", "shapes-metrics"));
    }

    /** Every clip with one distortion at one strength. */
    private static List<Tensor> distorted(SceneBatch batch, FrameDistortion kind, double strength) {
        Tensor clips = batch.render(FRAMES);
        int[] later = new int[CLIPS];
        Arrays.fill(later, (int) Math.round(strength * FrameDistortion.MOST_FRAMES_LATER));
        Tensor delayed = batch.render(FRAMES, later);
        List<Tensor> result = new ArrayList<>();
        for (int i = 0; i < CLIPS; i++) {
            Tensor clip = clips.select(0, i);
            result.add(
                    switch (kind) {
                        case DELAY -> delayed.select(0, i);
                        case GHOST ->
                            clip.add(Ops.mul(clips.select(0, (i + 1) % CLIPS).sub(clip), strength));
                        case NOISE, BLUR, TINT ->
                            kind.both(batch, clip, List.of(Tensors.full(DTypes.F32, strength, FRAMES)), i)
                                    .getFirst();
                    });
        }
        return result;
    }

    @ParameterizedTest
    @EnumSource
    void theDistanceOfFramesGrowsWithTheDistortion(FrameDistortion kind) {
        SceneBatch batch = SceneBatch.draw(WORLD, CLIPS, 30, SEED);
        Tensor clips = batch.render(FRAMES);
        try (ShapesMetrics metrics = bundled()) {
            double before = 0;
            for (double strength : new double[] {0.1, 0.3, 0.9}) {
                List<Tensor> worse = distorted(batch, kind, strength);
                double sum = 0;
                for (int i = 0; i < CLIPS; i++) {
                    sum += Arrays.stream(metrics.lpips().perFrame(clips.select(0, i), worse.get(i)))
                            .average()
                            .orElseThrow();
                }
                assertThat(sum).as("%s at %s", kind, strength).isGreaterThan(before);
                before = sum;
            }
        }
    }

    /** Not for delays and ghosts: at full strength they turn the set into one that is as good. */
    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"DELAY", "GHOST"})
    void theDistanceOfSetsGrowsWithTheDistortion(FrameDistortion kind) {
        SceneBatch batch = SceneBatch.draw(WORLD, CLIPS, 30, SEED);
        try (ShapesMetrics metrics = bundled()) {
            Tensor own = features(metrics, distorted(batch, kind, 0));
            assertThat(FrechetDistance.between(own, own)).isBetween(-1e-6, 1e-6);
            double before = 0;
            for (double strength : new double[] {0.1, 0.3, 0.9}) {
                double distance = FrechetDistance.between(own, features(metrics, distorted(batch, kind, strength)));
                assertThat(distance).as("%s at %s", kind, strength).isGreaterThan(before);
                before = distance;
            }
        }
    }

    /** A set of videos in which nothing moves is farther than another draw of moving ones. */
    @Test
    void standingVideosAreFartherThanOtherMovingOnes() {
        SceneBatch batch = SceneBatch.draw(WORLD, CLIPS, 30, SEED);
        try (ShapesMetrics metrics = bundled()) {
            List<Tensor> moving = distorted(batch, FrameDistortion.DELAY, 0);
            List<Tensor> standing = moving.stream()
                    .map(clip -> Ops.slice(clip, 0, 0, 1).expand(Tensors.shape(clip)))
                    .toList();
            Tensor own = features(metrics, moving);
            double later =
                    FrechetDistance.between(own, features(metrics, distorted(batch, FrameDistortion.DELAY, 0.25)));
            assertThat(FrechetDistance.between(own, features(metrics, standing)))
                    .isGreaterThan(later);
        }
    }

    private static Tensor features(ShapesMetrics metrics, List<Tensor> clips) {
        return Ops.stack(
                0,
                clips.stream()
                        .map(clip -> Tensors.of(metrics.features().of(clip), ClipNetwork.FEATURES))
                        .toList());
    }

    @Test
    void aStoppedTrainingGoesOnToTheSameWeights(@TempDir Path folder) {
        NetworkTraining training = new NetworkTraining("test", 3, 2, 1e-3, 5, 2);
        TrainingListener stop = (phase, step, total, loss, norm) -> {
            if (step == 3) {
                throw new IllegalStateException("stopped");
            }
        };
        Path state = folder.resolve("state.safetensors");
        assertThatThrownBy(() -> new ClipNetworkTraining(WORLD, training).run(state, stop))
                .hasMessage("stopped");
        List<Long> steps = new ArrayList<>();
        Map<String, Tensor> resumed =
                new ClipNetworkTraining(WORLD, training).run(state, (p, step, t, l, n) -> steps.add(step));
        assertThat(steps).as("those after the last saved state").containsExactly(3L);
        Map<String, Tensor> whole = new ClipNetworkTraining(WORLD, training)
                .run(folder.resolve("other.safetensors"), (p, s, t, l, n) -> {});
        whole.forEach((name, tensor) ->
                assertThat(Tensors.toFloats(resumed.get(name))).as(name).isEqualTo(Tensors.toFloats(tensor)));
    }
}
