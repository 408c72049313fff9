package io.arvid.quantize.arvid;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.InputTap;
import io.arvid.calibrate.Recording;
import io.arvid.calibrate.Samples;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteForward;
import io.arvid.quantize.LayerWork;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.gram.GramSolver;
import io.arvid.quantize.gram.LayerGrams;
import io.arvid.quantize.gram.PairedInputs;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.Progress;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * The text path first ({@link TextReconstruction}); then, block by block, layers are rounded on what the recipe has them see ({@link ArvidRecipe.Seen}): what
 * reaches them when the blocks before them are quantized already, in a roll-out whose cache holds what the quantized layers wrote, in the plan's bits, or what
 * they see in full precision. The target is the output that full precision gives on the same inputs, or at the same place of its own roll-out.
 */
final class SequentialReconstruction {
    private final QuantContext context;
    private final ArvidRecipe recipe;
    private final FrameWeights weights;
    private final KvPlan kv;
    private final FullPrecisionInputs fullPrecision;
    private final LinkedHashMap<LinearSite, LayerPlan> done = new LinkedHashMap<>();

    /** With chunks counting as {@code weights} say and the quantized model's cache kept as {@code kv} says. */
    SequentialReconstruction(QuantContext context, ArvidRecipe recipe, FrameWeights weights, KvPlan kv) {
        this.context = context;
        this.recipe = recipe;
        this.weights = weights;
        this.kv = kv;
        this.fullPrecision = new FullPrecisionInputs(context, recipe);
    }

    /** Plans of all layers of {@code scaled}, in its order. The caller owns their tensors. */
    SequencedMap<LinearSite, LayerPlan> reconstruct(ScaledModel scaled) {
        done.putAll(new TextReconstruction(context, recipe).reconstruct(scaled));
        List<SequencedMap<LinearSite, ScaledLayer>> groups = groups(scaled);
        if (recipe.inputs() != ArvidRecipe.Seen.QUANTIZED_LOCAL) {
            fullPrecision.record(scaled.layers().keySet());
        }
        long rollouts = (long) groups.size() * recipe.calibrationPrompts();
        try (Progress.Stage stage = context.progress().begin("reconstruction in Gram space", rollouts)) {
            for (SequencedMap<LinearSite, ScaledLayer> group : groups) {
                try (TensorScope scope = TensorScope.open()) {
                    done.putAll(finishedOrSolved(group, stage));
                }
            }
        }
        fullPrecision.close();
        LinkedHashMap<LinearSite, LayerPlan> ordered = new LinkedHashMap<>();
        scaled.layers().keySet().forEach(site -> ordered.put(site, Objects.requireNonNull(done.get(site))));
        return ordered;
    }

    /** Block after block; the layers outside the blocks, the head included, together with the first. */
    private List<SequencedMap<LinearSite, ScaledLayer>> groups(ScaledModel scaled) {
        Map<Integer, SequencedMap<LinearSite, ScaledLayer>> byBlock = new TreeMap<>();
        scaled.layers().forEach((site, layer) -> {
            if (!done.containsKey(site)) {
                byBlock.computeIfAbsent(Math.max(0, site.block()), block -> new LinkedHashMap<>())
                        .put(site, layer);
            }
        });
        return List.copyOf(byBlock.values());
    }

    /** The plans that an interrupted run left of {@code group}, where it left all of them. */
    private SequencedMap<LinearSite, LayerPlan> finishedOrSolved(
            SequencedMap<LinearSite, ScaledLayer> group, Progress.Stage stage) {
        LinkedHashMap<LinearSite, LayerPlan> known = new LinkedHashMap<>();
        for (LinearSite site : group.keySet()) {
            Optional<LayerPlan> plan = context.finished().find(site);
            if (plan.isEmpty()) {
                return solve(group, stage);
            }
            known.put(site, plan.get());
        }
        known.values().forEach(plan -> plan.tensors().forEach(TensorScope::own));
        stage.resume(recipe.calibrationPrompts());
        return known;
    }

    private SequencedMap<LinearSite, LayerPlan> solve(
            SequencedMap<LinearSite, ScaledLayer> group, Progress.Stage stage) {
        try (QuantPlan before = new QuantPlan("arvid so far", done, kv);
                FakeQuantForward quantized = new FakeQuantForward(context.model(), before)) {
            List<Map<LinearSite, PairedInputs>> first = new ArrayList<>();
            int ahead = recipe.inputFactors().size() > 1 ? recipe.rangePrompts() : 0;
            for (int prompt = 0; prompt < ahead; prompt++) {
                first.add(record(prompt, group, quantized));
                stage.step();
            }
            LinkedHashMap<LinearSite, LayerGrams> train = new LinkedHashMap<>();
            LinkedHashMap<LinearSite, LayerGrams> heldOut = new LinkedHashMap<>();
            SequencedMap<LinearSite, ScaledLayer> chosen = withInputScales(group, first);
            chosen.forEach((site, layer) -> {
                train.put(site, new LayerGrams(layer));
                heldOut.put(site, new LayerGrams(layer));
            });
            for (int prompt = 0; prompt < recipe.calibrationPrompts(); prompt++) {
                Map<LinearSite, PairedInputs> recorded =
                        prompt < first.size() ? first.get(prompt) : record(prompt, group, quantized);
                Map<LinearSite, LayerGrams> side = recipe.isHeldOut(prompt) ? heldOut : train;
                recorded.forEach((site, inputs) -> side.get(site).add(inputs, weights));
                recorded.values().forEach(PairedInputs::close);
                if (prompt >= first.size()) {
                    stage.step();
                }
            }
            return round(chosen, train, heldOut);
        }
    }

    /** {@code group} with the input scales that serve its {@code inputs} best. */
    private SequencedMap<LinearSite, ScaledLayer> withInputScales(
            SequencedMap<LinearSite, ScaledLayer> group, List<Map<LinearSite, PairedInputs>> inputs) {
        InputScaleSearch search = new InputScaleSearch(recipe.inputFactors());
        try (LayerWork work = new LayerWork(context.workers())) {
            return work.find(group, (site, layer) -> {
                List<PairedInputs> own = inputs.stream()
                        .map(recorded -> recorded.get(site).local())
                        .toList();
                return search.best(layer, own, weights);
            });
        }
    }

    private Map<LinearSite, PairedInputs> record(
            int prompt, SequencedMap<LinearSite, ScaledLayer> group, SiteForward quantized) {
        return switch (recipe.inputs()) {
            case FULL_PRECISION -> {
                try (FullPrecisionInputs.Borrowed reference = fullPrecision.of(prompt, group.keySet())) {
                    yield paired(group, reference.tape(), reference.tape());
                }
            }
            case QUANTIZED_LOCAL -> {
                try (Recording seen = tape(prompt, group, quantized)) {
                    yield paired(group, seen, seen);
                }
            }
            case QUANTIZED -> {
                try (FullPrecisionInputs.Borrowed reference = fullPrecision.of(prompt, group.keySet());
                        Recording seen = tape(prompt, group, quantized)) {
                    yield paired(group, reference.tape(), seen);
                }
            }
        };
    }

    private static Map<LinearSite, PairedInputs> paired(
            SequencedMap<LinearSite, ScaledLayer> group, Recording target, Recording seen) {
        Map<LinearSite, PairedInputs> recorded = new LinkedHashMap<>();
        try (TensorScope scope = TensorScope.open()) {
            group.keySet().forEach(site -> {
                Samples of = target.samples(site);
                recorded.put(site, new PairedInputs(of, target == seen ? of : seen.samples(site)).owned());
            });
        }
        return recorded;
    }

    /** What {@code group} sees where the layers before it are rounded. */
    private Recording tape(int prompt, SequencedMap<LinearSite, ScaledLayer> group, SiteForward sites) {
        CalibrationRollouts.Wanted wanted =
                new CalibrationRollouts.Wanted(group::containsKey, recipe.tokensPerSample(), recipe.seed());
        if (kv instanceof KvPlan.Full) {
            return context.rollouts()
                    .recordPrompt("recording inputs, " + done.size() + " layers quantized", prompt, wanted, sites);
        }
        ActivationTape tape = new ActivationTape(wanted);
        TensorScope.runAndFree(() -> context.rollouts()
                .latents(prompt, new InputTap(sites, tape), kv.quantization().stores()));
        return tape;
    }

    private SequencedMap<LinearSite, LayerPlan> round(
            SequencedMap<LinearSite, ScaledLayer> layers,
            Map<LinearSite, LayerGrams> train,
            Map<LinearSite, LayerGrams> heldOut) {
        context.freeRolloutMemory();
        try (LayerWork work = new LayerWork(context.workers())) {
            return work.map(layers, (site, layer) -> {
                try (LayerGrams on = train.get(site);
                        LayerGrams apart = heldOut.get(site)) {
                    return context.finished().getOrCompute(site, () -> {
                        GramSolver.Solved solved = recipe.solver().solve(layer, on.loss(), apart.loss());
                        return solved.layer().withCodes(solved.codes());
                    });
                }
            });
        }
    }
}
