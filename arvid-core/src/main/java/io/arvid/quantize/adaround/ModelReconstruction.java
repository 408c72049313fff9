package io.arvid.quantize.adaround;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.Recording;
import io.arvid.calibrate.Samples;
import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.quantize.LayerWork;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.record.Progress;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import java.util.SequencedMap;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/**
 * Layer by layer, roundings and input scales are trained to keep the layer's output on the full-precision inputs of calibration roll-outs.
 *
 * @param settings optimizer
 * @param extras choices that paper and official code of Q-ARVD make differently
 * @param prompts calibration prompts
 * @param tokensPerSample tokens kept of each pass, 0 for all
 * @param seed of the batches and of the choice of tokens
 */
public record ModelReconstruction(
        ReconstructionSettings settings,
        ReconstructionSettings.Extras extras,
        int prompts,
        int tokensPerSample,
        long seed) {
    /**
     * Plans of all layers of {@code scaled}; the caller owns their tensors.
     *
     * @param wanted which layers are reconstructed; the others are rounded to nearest
     * @param frameWeights how much each chunk's error counts in a layer
     */
    public SequencedMap<LinearSite, LayerPlan> reconstruct(
            QuantContext context,
            ScaledModel scaled,
            Predicate<LinearSite> wanted,
            BiFunction<LinearSite, ScaledLayer, FrameWeights> frameWeights) {
        context.requirePrompts(prompts);
        try (Recording tape = context.rollouts()
                        .record(
                                "recording inputs, full precision",
                                prompts,
                                new CalibrationRollouts.Wanted(wanted, tokensPerSample, seed),
                                context.model().fullPrecision(),
                                context.progress());
                LayerWork work = new LayerWork(context.workers())) {
            try (Progress.Stage stage =
                    context.progress().begin("reconstruction", scaled.layers().size())) {
                return work.map(scaled.layers(), (site, layer) -> {
                    LayerPlan plan = context.finished()
                            .getOrCompute(
                                    site,
                                    () -> wanted.test(site)
                                            ? reconstruct(
                                                    context.model(),
                                                    site,
                                                    layer,
                                                    tape.samples(site),
                                                    frameWeights.apply(site, layer))
                                            : layer.nearest());
                    stage.step();
                    return plan;
                });
            }
        }
    }

    private LayerPlan reconstruct(
            CausalVideoModel model, LinearSite site, ScaledLayer layer, Samples samples, FrameWeights weights) {
        Tensor outputs = samples.outputs(model.weight(site), model.bias(site));
        try (TensorScope scope = TensorScope.open();
                Seeds batches = new Seeds(seed + site.name().hashCode());
                FusedReconstruction reconstruction = new FusedReconstruction(
                        layer,
                        settings,
                        extras,
                        layer.transform().input(samples.inputs()),
                        outputs,
                        samples.sumWeights(weights),
                        layer.transform().bias(model.bias(site)))) {
            LayerPlan plan = reconstruction.run(batches);
            plan.tensors().forEach(scope::keep);
            return plan;
        }
    }
}
