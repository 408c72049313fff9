package io.arvid.quantize.arvid;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.Recording;
import io.arvid.calibrate.Samples;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.model.SiteRole;
import io.arvid.quantize.QuantContext;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a quantized roll-out on the latents of the full-precision one: the last layer gives what it gave there in the same pass, so every pass, and every
 * chunk that the cache remembers, starts from the same latents in both. What then differs in a layer's input is what quantized layers did to it, in this
 * pass and through the keys and values that they wrote. Two free roll-outs differ also by where their videos have gone, which no layer can repair: to a
 * layer's least squares that difference is noise in its inputs, and noise in the inputs shrinks the solution.
 */
final class ForcedLatents implements AutoCloseable {
    private final QuantContext context;
    private final long seed;
    private final LinearSite last;
    private final Map<Integer, Map<RolloutStep, Tensor>> byPrompt = new HashMap<>();

    ForcedLatents(QuantContext context, long seed) {
        this.context = context;
        this.seed = seed;
        this.last = context.model().sites().stream()
                .filter(site -> site.role() == SiteRole.HEAD)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("teacher forcing: the model has no last layer"));
    }

    /** {@code sites} on the full-precision latents of {@code prompt}. */
    SiteForward forced(int prompt, SiteForward sites) {
        Map<RolloutStep, Tensor> outputs = byPrompt.computeIfAbsent(prompt, this::outputs);
        return new SiteForward() {
            @Override
            public Tensor apply(LinearSite site, RolloutStep step, Tensor input) {
                return site.role() == SiteRole.HEAD
                        ? forcedOutput(outputs.get(step), step, input)
                        : sites.apply(site, step, input);
            }

            @Override
            public Tensor applyGelu(LinearSite site, RolloutStep step, Tensor input) {
                return sites.applyGelu(site, step, input);
            }
        };
    }

    private Tensor forcedOutput(@Nullable Tensor output, RolloutStep step, Tensor input) {
        long[] shape = Tensors.shape(input);
        shape[shape.length - 1] = last.outFeatures();
        if (output == null || output.numel() * last.inFeatures() != input.numel() * last.outFeatures()) {
            throw new IllegalArgumentException("teacher forcing: pass " + step.pass() + " of chunk " + step.chunk()
                    + " is not one of the full-precision roll-out's; it takes chunks that are all of one length");
        }
        return Ops.copy(output).reshape(shape);
    }

    /** What the last layer gives in full precision, pass by pass, {@code [tokens, out]} in the model's dtype. */
    private Map<RolloutStep, Tensor> outputs(int prompt) {
        Map<RolloutStep, Tensor> outputs = new HashMap<>();
        CalibrationRollouts.Wanted wanted = new CalibrationRollouts.Wanted(last::equals, 0, seed);
        SiteForward fullPrecision = context.model().fullPrecision();
        Tensor weight = context.model().weight(last);
        try (TensorScope scope = TensorScope.open();
                Recording tape = context.rollouts()
                        .recordPrompt("recording the last layer, full precision", prompt, wanted, fullPrecision)) {
            Samples samples = tape.samples(last);
            for (int i = 0; i < samples.count(); i++) {
                RolloutStep step = samples.steps().get(i);
                Tensor input = Ops.toTypeOf(samples.inputs().select(0, i), weight);
                outputs.put(step, TensorScope.own(fullPrecision.apply(last, step, input)));
            }
        }
        return outputs;
    }

    @Override
    public void close() {
        byPrompt.values().forEach(outputs -> outputs.values().forEach(Tensor::close));
        byPrompt.clear();
    }
}
