package io.arvid.rollout.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLoopTest {
    @TempDir
    Path folder;

    /** Four steps down {@code Σ w²}, each saved; the loss and the gradients of step {@code broken}, counted from 0, are not numbers. */
    private Map<String, Tensor> run(String state, long broken, List<Double> losses) {
        TrainingLoop loop =
                new TrainingLoop("part", "recipe", 4, new LearningRate(0.1, 1, 4, 0), Optimizer.Settings.DEFAULT, 1);
        try (TensorScope scope = TensorScope.open();
                TrainableParameters parameters =
                        new TrainableParameters(Map.of("w", Tensors.ones(DTypes.F32, 3)), name -> false, Map.of())) {
            return loop.run(
                    parameters,
                    step -> {
                        Tensor squares = parameters.weights().get("w").square().sum();
                        return step == broken ? Ops.mul(squares, Double.NaN) : squares;
                    },
                    folder.resolve(state),
                    (phase, step, totalSteps, loss, norm) -> losses.add(loss));
        }
    }

    @Test
    void aStepWithoutFiniteNumbersLeavesTheSavedStateAsItWas() {
        Torch.setThreads(1);
        List<Double> heard = new ArrayList<>();
        assertThatThrownBy(() -> run("state", 2, heard))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("part, step 3: the loss is NaN")
                .hasMessageContaining("before the parameters changed");
        assertThat(heard).hasSize(3);
        assertThat(heard.getLast()).isNaN();
        List<Double> whole = new ArrayList<>();
        List<Double> rest = new ArrayList<>();
        try (Tensor expected = run("whole", -1, whole).get("w");
                Tensor found = run("state", -1, rest).get("w")) {
            assertThat(rest).isEqualTo(whole.subList(2, 4));
            assertThat(Tensors.toFloats(found)).isEqualTo(Tensors.toFloats(expected));
        }
    }
}
