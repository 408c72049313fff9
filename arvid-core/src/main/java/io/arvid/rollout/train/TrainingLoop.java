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
     * @throws IllegalStateException where the loss or its gradients are no longer finite
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
                    Tensor tensor = loss.at(step);
                    tensor.backward();
                    double value = Tensors.item(tensor);
                    double norm = parameters.clipGradients(1);
                    requireFinite(step + 1, value, norm);
                    running.step(rate.at(step));
                    listener.onStep(phase, step + 1, steps, value, norm);
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

    /** What is no number would spread to all parameters and, with the next saved state, over the last good one. */
    private void requireFinite(long step, double value, double norm) {
        if (!Double.isFinite(value) || !Double.isFinite(norm)) {
            throw new IllegalStateException(phase + ", step " + step + ": the loss is " + value
                    + " and the norm of its gradients " + norm
                    + "; stopped before the parameters changed. The last saved state stays as it is");
        }
    }
}
