package io.arvid.rollout.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLoopTest {
    @Test
    void aRunThatDivergesKeepsTheLastGoodState(@TempDir Path folder) {
        Path state = folder.resolve("state.safetensors");
        try (TensorScope scope = TensorScope.open();
                TrainableParameters parameters = new TrainableParameters(
                        Map.of("vector", Tensors.ones(DTypes.F32, 4)), name -> false, Map.of())) {
            Tensor vector = parameters.weights().get("vector");
            TrainingLoop.Loss loss = step -> Ops.mul(vector.square().sum(), step < 2 ? 1 : Double.NaN);
            TrainingLoop loop = new TrainingLoop(
                    "part", "recipe", 4, new LearningRate(0.1, 1, 4, 0.5), Optimizer.Settings.SHORT_RUN, 1);
            assertThatThrownBy(() -> loop.run(parameters, loss, state, (phase, step, steps, value, norm) -> {}))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("part, step 3: the loss is NaN");
            for (float value : Tensors.toFloats(parameters.values())) {
                assertThat(value).isFinite();
            }
            assertThat(SafetensorsFile.header(state).metadata()).containsEntry("steps", "2");
        }
    }
}
