package io.arvid.calibrate;

import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.tensor.TensorScope;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Lets observers listen to the inputs of another forward, which computes as if nobody did.
 *
 * @param forward computes the layers
 * @param observers hear every input, in this order
 */
public record InputTap(SiteForward forward, List<InputObserver> observers) implements SiteForward {
    /** One observer. */
    public InputTap(SiteForward forward, InputObserver observer) {
        this(forward, List.of(observer));
    }

    @Override
    public Tensor apply(LinearSite site, RolloutStep step, Tensor input) {
        tell(site, step, input);
        return forward.apply(site, step, input);
    }

    @Override
    public Tensor applyGelu(LinearSite site, RolloutStep step, Tensor input) {
        tell(site, step, input);
        return forward.applyGelu(site, step, input);
    }

    private void tell(LinearSite site, RolloutStep step, Tensor input) {
        TensorScope.runAndFree(() -> observers.forEach(observer -> observer.observe(site, step, input)));
    }
}
