package io.arvid.rollout.train;

import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The loop that training shares: loss, gradients clipped to norm 1, optimizer, saved states, and the moving average of the weights as result.
 *
 * @param phase name in progress
 * @param recipe what a saved state belongs to
 * @param steps optimizer steps
 * @param rate learning rate by step
 * @param optimizer constants of the optimizer
 * @param saveEvery steps between two saved states
 */
public record TrainingLoop(
        String phase, String recipe, long steps, LearningRate rate, Optimizer.Settings optimizer, long saveEvery) {
    /** The loss of a step, a scalar that depends on the parameters in training. */
    @FunctionalInterface
    public interface Loss {
        Tensor at(long step);
    }

    /**
     * Trains {@code parameters}, or goes on from the file {@code state}; returns their averaged values by name, float32, which the caller owns.
     *
     * @param listener hears every step, the last one also where its loss is not finite
     * @throws IllegalStateException where loss or gradients are no longer finite; the saved state is of an earlier step
     */
    public Map<String, Tensor> run(TrainableParameters parameters, Loss loss, Path state, TrainingListener listener) {
        Torch.flushDenormals();
        try (TensorScope scope = TensorScope.open();
                Optimizer running = new Optimizer(parameters, optimizer)) {
            TrainingState.restore(state, running, recipe);
            while (running.steps() < steps) {
                long step = running.steps();
                try (TensorScope stepScope = TensorScope.open()) {
                    parameters.clearGradients();
                    Tensor value = loss.at(step);
                    value.backward();
                    double made = Tensors.item(value);
                    double norm = parameters.clipGradients(1);
                    boolean finite = Double.isFinite(made) && Double.isFinite(norm);
                    if (finite) {
                        running.step(rate.at(step));
                    }
                    listener.onStep(phase, step + 1, steps, made, norm);
                    if (!finite) {
                        throw new IllegalStateException(phase + ", step " + (step + 1) + ": the loss is " + made
                                + " and the norm of its gradients " + norm
                                + "; stopped before the parameters changed, the saved state is of an earlier step");
                    }
                }
                if (running.steps() % saveEvery == 0 || running.steps() == steps) {
                    TrainingState.save(state, running, recipe);
                }
            }
            Map<String, Tensor> weights = parameters.namedCopies(running.average());
            weights.values().forEach(TensorScope::own);
            return weights;
        }
    }
}
