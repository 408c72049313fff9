package io.arvid.kernel;

import io.arvid.model.RolloutStep;
import io.arvid.pack.PackedLayer;
import io.arvid.quantize.fake.FakeQuantLayer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;

/** A packed layer as its simulation: values are rounded to what the integers can say, and multiplied in floating point. */
final class SimulatedGemm implements QuantGemm {
    private final FakeQuantLayer layer;
    private final long bytes;

    SimulatedGemm(PackedLayer packed, Tensor bias) {
        try (TensorScope scope = TensorScope.open()) {
            this.layer = new FakeQuantLayer(packed.unpack(), bias);
            this.bytes = (long) packed.inFeatures() * packed.outFeatures() * bias.element_size();
        }
    }

    @Override
    public Tensor multiply(RolloutStep step, Tensor input, RoundedInput shared, Activation activation) {
        return TensorScope.run(() -> Ops.toTypeOf(activation.of(layer.apply(step, input)), input));
    }

    @Override
    public void round(RolloutStep step, Tensor input, RoundedInput shared) {
        // The simulation rounds as it multiplies.
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        layer.close();
    }
}
