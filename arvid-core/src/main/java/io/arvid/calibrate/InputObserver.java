package io.arvid.calibrate;

import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import org.bytedeco.pytorch.Tensor;

/** Hears the input of every linear layer while a model rolls out. */
@FunctionalInterface
public interface InputObserver {
    /**
     * A layer is about to be computed.
     *
     * @param site which layer
     * @param step where in the roll-out
     * @param input {@code [B, tokens, in]}, not to be changed; valid during the call only
     */
    void observe(LinearSite site, RolloutStep step, Tensor input);
}
