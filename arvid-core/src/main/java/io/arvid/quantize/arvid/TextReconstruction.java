package io.arvid.quantize.arvid;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.FrameWeights;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteRole;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The layers that see only the prompt: both of the text embedding, then keys and values of cross-attention. Each is rounded on what it sees when those before
 * it are quantized, with the full-precision output for the same prompt as its target. They run once a video and reach every token of it, and a prompt has few
 * tokens: they want many prompts.
 */
final class TextReconstruction {
    private final QuantContext context;
    private final ArvidRecipe recipe;
    private final TextPasses passes;

    TextReconstruction(QuantContext context, ArvidRecipe recipe) {
        this.context = context;
        this.recipe = recipe;
        this.passes = new TextPasses(context, recipe);
    }

    /** Plans of those layers of {@code scaled}. The caller owns their tensors. */
    SequencedMap<LinearSite, LayerPlan> reconstruct(ScaledModel scaled) {
        LinkedHashMap<LinearSite, LayerPlan> done = new LinkedHashMap<>();
        for (List<SiteRole> roles : List.of(
                List.of(SiteRole.TEXT_UP), List.of(SiteRole.TEXT_DOWN), List.of(SiteRole.CROSS_K, SiteRole.CROSS_V))) {
            SequencedMap<LinearSite, ScaledLayer> layers = new LinkedHashMap<>();
            scaled.layers().forEach((site, layer) -> {
                if (roles.contains(site.role())) {
                    layers.put(site, layer);
                }
            });
            if (!layers.isEmpty()) {
                done.putAll(solve(layers, done));
            }
        }
        return done;
    }

    private SequencedMap<LinearSite, LayerPlan> solve(
            SequencedMap<LinearSite, ScaledLayer> layers, LinkedHashMap<LinearSite, LayerPlan> done) {
        try (QuantPlan before = new QuantPlan("the text path so far", done, new KvPlan.Full());
                FakeQuantForward quantized = new FakeQuantForward(context.model(), before);
                ActivationTape exact =
                        passes.record(layers::containsKey, context.model().fullPrecision());
                ActivationTape seen = passes.record(layers::containsKey, quantized);
                LayerWork work = new LayerWork(context.workers())) {
            return work.map(
                    layers,
                    (site, layer) -> context.finished()
                            .getOrCompute(
                                    site,
                                    () -> solve(layer, new PairedInputs(exact.samples(site), seen.samples(site)))));
        }
    }

    private LayerPlan solve(ScaledLayer layer, PairedInputs inputs) {
        FrameWeights uniform = context.uniformWeights();
        // With bits a chunk, the plan of the chunk in which these layers run is among those chosen.
        ScaledLayer ranged =
                recipe.chunkBits() != null ? layer : recipe.inputCalibration().fitted(layer, inputs.seen(), uniform);
        try (LayerGrams train = new LayerGrams(ranged);
                LayerGrams heldOut = new LayerGrams(ranged)) {
            train.add(inputs.at(prompts(prompt -> !recipe.isHeldOut(prompt))), uniform);
            heldOut.add(inputs.at(prompts(recipe::isHeldOut)), uniform);
            GramSolver.Solved solved = recipe.solver().solve(ranged, train.loss(), heldOut.loss());
            return solved.layer().withCodes(solved.codes());
        }
    }

    private int[] prompts(IntPredicate chosen) {
        return IntStream.range(0, recipe.textPrompts()).filter(chosen).toArray();
    }
}
