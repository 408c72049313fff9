package io.arvid.quantize.arvid;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.InputTap;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteForward;
import io.arvid.quantize.LayerWork;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.Progress;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Block by block, layers are rounded on what they see when the blocks before them are quantized already, in a roll-out whose cache holds what the
 * quantized layers wrote; the target stays the output that the full-precision model has at the same place of the same prompt.
 */
final class SequentialReconstruction {
    private final QuantContext context;
    private final ArvidRecipe recipe;
    private final FrameWeights weights;
    private final LinkedHashMap<LinearSite, LayerPlan> done = new LinkedHashMap<>();

    SequentialReconstruction(QuantContext context, ArvidRecipe recipe, FrameWeights weights) {
        this.context = context;
        this.recipe = recipe;
        this.weights = weights;
    }

    /** Plans of all layers of {@code scaled}, in its order. The caller owns their tensors. */
    SequencedMap<LinearSite, LayerPlan> reconstruct(ScaledModel scaled) {
        List<SequencedMap<LinearSite, ScaledLayer>> groups = groups(scaled);
        long rollouts = (long) groups.size() * recipe.calibrationPrompts();
        try (Progress.Stage stage = context.progress().begin("reconstruction in Gram space", rollouts)) {
            for (SequencedMap<LinearSite, ScaledLayer> group : groups) {
                try (TensorScope scope = TensorScope.open()) {
                    done.putAll(solve(group, stage));
                }
            }
        }
        LinkedHashMap<LinearSite, LayerPlan> ordered = new LinkedHashMap<>();
        scaled.layers().keySet().forEach(site -> ordered.put(site, java.util.Objects.requireNonNull(done.get(site))));
        return ordered;
    }

    /** The layers outside the blocks, which come first, then block after block. */
    private static List<SequencedMap<LinearSite, ScaledLayer>> groups(ScaledModel scaled) {
        Map<Integer, SequencedMap<LinearSite, ScaledLayer>> byBlock = new java.util.TreeMap<>();
        scaled.layers()
                .forEach((site, layer) -> byBlock.computeIfAbsent(site.block(), block -> new LinkedHashMap<>())
                        .put(site, layer));
        return List.copyOf(byBlock.values());
    }

    private SequencedMap<LinearSite, LayerPlan> solve(
            SequencedMap<LinearSite, ScaledLayer> group, Progress.Stage stage) {
        try (QuantPlan before = new QuantPlan("arvid so far", done, new KvPlan.Full());
                FakeQuantForward quantized = new FakeQuantForward(context.model(), before)) {
            List<Map<LinearSite, PairedInputs>> first = new ArrayList<>();
            for (int prompt = 0; prompt < recipe.rangePrompts(); prompt++) {
                first.add(record(prompt, group, quantized));
                stage.step();
            }
            LinkedHashMap<LinearSite, LayerGrams> train = new LinkedHashMap<>();
            LinkedHashMap<LinearSite, LayerGrams> heldOut = new LinkedHashMap<>();
            LinkedHashMap<LinearSite, ScaledLayer> chosen = new LinkedHashMap<>();
            InputScaleSearch search = new InputScaleSearch(recipe.inputFactors());
            group.forEach((site, layer) -> {
                List<PairedInputs> inputs =
                        first.stream().map(recorded -> recorded.get(site)).toList();
                ScaledLayer best = site.role().isTextPath() ? layer : search.best(layer, inputs, weightsOf(site));
                chosen.put(site, best);
                train.put(site, new LayerGrams(best));
                heldOut.put(site, new LayerGrams(best));
            });
            for (int prompt = 0; prompt < recipe.calibrationPrompts(); prompt++) {
                Map<LinearSite, PairedInputs> recorded =
                        prompt < first.size() ? first.get(prompt) : record(prompt, group, quantized);
                Map<LinearSite, LayerGrams> side = recipe.isHeldOut(prompt) ? heldOut : train;
                recorded.forEach((site, inputs) -> side.get(site).add(inputs, weightsOf(site)));
                recorded.values().forEach(PairedInputs::close);
                if (prompt >= first.size()) {
                    stage.step();
                }
            }
            return round(chosen, train, heldOut);
        }
    }

    /** Layers that see only the prompt run once a video, whatever the chunk. */
    private FrameWeights weightsOf(LinearSite site) {
        return site.role().isTextPath() ? FrameWeights.uniform(weights.alpha().size()) : weights;
    }

    private Map<LinearSite, PairedInputs> record(
            int prompt, SequencedMap<LinearSite, ScaledLayer> group, SiteForward quantized) {
        Map<LinearSite, PairedInputs> recorded = new LinkedHashMap<>();
        try (TensorScope scope = TensorScope.open();
                ActivationTape reference = tape(prompt, group, context.model().fullPrecision());
                ActivationTape seen = recipe.inputs() == ArvidRecipe.Seen.QUANTIZED
                        ? tape(prompt, group, quantized)
                        : new ActivationTape(site -> false, 0, 0)) {
            group.keySet().forEach(site -> {
                var fullPrecision = reference.samples(site);
                var pair = recipe.inputs() == ArvidRecipe.Seen.QUANTIZED
                        ? new PairedInputs(fullPrecision, seen.samples(site))
                        : new PairedInputs(fullPrecision, fullPrecision);
                recorded.put(site, pair.owned());
            });
        }
        return recorded;
    }

    private ActivationTape tape(int prompt, SequencedMap<LinearSite, ScaledLayer> group, SiteForward sites) {
        ActivationTape tape = new ActivationTape(group::containsKey, recipe.tokensPerSample(), recipe.seed());
        context.rollouts().latents(prompt, new InputTap(sites, tape));
        return tape;
    }

    private SequencedMap<LinearSite, LayerPlan> round(
            SequencedMap<LinearSite, ScaledLayer> layers,
            Map<LinearSite, LayerGrams> train,
            Map<LinearSite, LayerGrams> heldOut) {
        try (LayerWork work = new LayerWork(context.workers())) {
            return work.map(layers, (site, layer) -> {
                try (LayerGrams on = train.get(site);
                        LayerGrams apart = heldOut.get(site)) {
                    GramSolver.Solved solved = recipe.solver().solve(layer, on.loss(), apart.loss());
                    Tensor codes = solved.codes();
                    return solved.layer().withCodes(codes);
                }
            });
        }
    }
}
