package io.arvid.quantize.qat;

import io.arvid.record.TrainingStep;

/** A training whose loss or gradients are no longer finite; it stopped before the parameters changed. */
public final class DivergedException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private DivergedException(TrainingStep made) {
        super("step " + made.step() + ": the loss is " + made.loss() + " and the norm of its gradients "
                + made.gradientNorm()
                + "; stopped before the parameters changed. The same command begins again at the last saved state, if there is one;"
                + " rates, clipNorm and saveEvery of the recipe may be lower then");
    }

    static void requireFinite(TrainingStep made) {
        if (!Double.isFinite(made.loss()) || !Double.isFinite(made.gradientNorm())) {
            throw new DivergedException(made);
        }
    }
}
