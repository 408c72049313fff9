package io.arvid.rollout.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AutoencoderTrainingTest {
    private static final ShapesWorld WORLD = new ShapesWorld(new WorldSpec(32, 32, 21, 16));
    private static final TinyVideoAutoencoder.Config CONFIG =
            new TinyVideoAutoencoder.Config(4, new int[] {4, 4, 4, 4}, 4);
    private static final TrainingListener SILENT = (phase, step, total, loss, norm) -> {};

    @TempDir
    Path folder;

    @BeforeEach
    void oneThread() {
        Torch.setThreads(1);
    }

    private static AutoencoderTrainer.Settings settings(long crops, long whole) {
        return new AutoencoderTrainer.Settings(crops, whole, 16, 2, 8, 0.1, 4e-3, 5, 3);
    }

    private static AutoencoderTrainer autoencoder(long crops, long whole) {
        return new AutoencoderTrainer(WORLD, CONFIG, settings(crops, whole));
    }

    private static TrainingListener stopAt(long stop) {
        return (phase, step, total, loss, norm) -> {
            if (step == stop) {
                throw new IllegalStateException("stopped");
            }
        };
    }

    private static TrainingListener noting(List<Long> steps) {
        return (phase, step, total, loss, norm) -> steps.add(step);
    }

    @Test
    void itLearns() {
        List<Double> losses = new ArrayList<>();
        autoencoder(80, 0).train(folder.resolve("state"), (phase, step, total, loss, norm) -> losses.add(loss));
        double first =
                losses.subList(0, 10).stream().mapToDouble(v -> v).average().orElseThrow();
        double last =
                losses.subList(70, 80).stream().mapToDouble(v -> v).average().orElseThrow();
        assertThat(last).isLessThan(first * 0.8);
    }

    @Test
    void stepsLeaveNoNativeObjectsBehind() {
        List<Long> objects = new ArrayList<>();
        TrainingListener counting = (phase, step, total, loss, norm) -> objects.add(Pointer.totalCount());
        autoencoder(3, 0).train(folder.resolve("state"), counting);
        // Fewer where the garbage collector freed what came before.
        assertThat(objects.get(2)).isLessThanOrEqualTo(objects.get(1));
    }

    @Test
    void aStoppedRunGoesOnAsIfItHadNot() {
        Map<String, Tensor> whole = autoencoder(5, 3).train(folder.resolve("whole"), SILENT);
        assertThatThrownBy(() -> autoencoder(5, 3).train(folder.resolve("stopped"), stopAt(7)))
                .hasMessage("stopped");
        List<Long> steps = new ArrayList<>();
        assertSame(autoencoder(5, 3).train(folder.resolve("stopped"), noting(steps)), whole);
        assertThat(steps).as("those after the last saved state").containsExactly(7L, 8L);
    }

    @Test
    void aDecoderIsTrainedAloneAndGoesOn() {
        try (WeightMap start = WeightMap.of(autoencoder(2, 0).train(folder.resolve("autoencoder"), SILENT))) {
            DecoderTrainer trainer = new DecoderTrainer(WORLD, CONFIG, settings(0, 8));
            Map<String, Tensor> whole = trainer.train(start, folder.resolve("whole"), SILENT);
            assertThatThrownBy(() -> trainer.train(start, folder.resolve("stopped"), stopAt(7)))
                    .hasMessage("stopped");
            List<Long> steps = new ArrayList<>();
            assertSame(trainer.train(start, folder.resolve("stopped"), noting(steps)), whole);
            assertThat(steps).as("those after the last saved state").containsExactly(7L, 8L);
            start.entries()
                    .forEach((name, tensor) -> assertThat(Tensors.toFloats(tensor).length > 0
                                    && java.util.Arrays.equals(
                                            Tensors.toFloats(tensor), Tensors.toFloats(whole.get(name))))
                            .as(name)
                            .isEqualTo(!name.startsWith("decoder.")));
        }
    }

    private static void assertSame(Map<String, Tensor> one, Map<String, Tensor> other) {
        try (TensorScope scope = TensorScope.open()) {
            assertThat(one.keySet()).isEqualTo(other.keySet());
            one.forEach((name, tensor) ->
                    assertThat(Tensors.toFloats(tensor)).as(name).containsExactly(Tensors.toFloats(other.get(name))));
        }
    }
}
