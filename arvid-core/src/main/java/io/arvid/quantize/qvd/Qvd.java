package io.arvid.quantize.qvd;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.Extremes;
import io.arvid.calibrate.InputGroup;
import io.arvid.calibrate.Recording;
import io.arvid.calibrate.Samples;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteRole;
import io.arvid.quantize.FinishedLayers;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.InputTransform;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** QVD: channel ranges integrated (SCRI, after a port), temporal features on a grid of their own (HTDQ, inferred), weights to their nearest codes. */
public final class Qvd implements QuantMethod<QvdRecipe> {
    /** More frames than a pass has. */
    private static final int MOST_FRAMES = 128;

    private static final CalibrationRollouts.Wanted NOTHING = CalibrationRollouts.Wanted.extremes(site -> false);

    @Override
    public String id() {
        return "qvd";
    }

    @Override
    public QvdRecipe defaults() {
        Scheme scheme = new Scheme(
                new WeightRule(IntGrid.asymmetric(8), new Granularity.PerChannel()),
                new InputRule.Static(IntGrid.symmetric(8)),
                List.of("time_embedding.0", "head"),
                new KvPlan.Full());
        return new QvdRecipe(
                scheme,
                0,
                RangeRule.MIN_MAX,
                TemporalFeatures.COMPANDED,
                TemporalQuantizer.inferred(),
                QvdRecipe.Integration.SHIFT,
                new RangeIntegration(),
                QvdRecipe.BLOCKS,
                1,
                0);
    }

    @Override
    public Needs needs(QvdRecipe recipe) {
        return recipe.rollouts(recipe.watchesInputs() ? 1 : 0);
    }

    @Override
    public QuantPlan choose(QuantContext context, QvdRecipe recipe) {
        context.requirePrompts(recipe.calibrationPrompts());
        try (Recording recording = recipe.watchesInputs() ? record(context, recipe) : new ActivationTape(NOTHING)) {
            Map<LinearSite, InputTransform> integrated = integrate(context, recipe, recording);
            ScaledModel scaled = ScaledModel.of(
                    context.model(), recipe.scheme(), recipe.range().weights(), integrated);
            return recipe.inputCalibration()
                    .calibrate(context, scaled)
                    .map((site, layer) -> withTemporalInput(recipe, site, layer, recording))
                    .nearest(id(), recipe.scheme().kv());
        }
    }

    private static Recording record(QuantContext context, QvdRecipe recipe) {
        return context.rollouts()
                .record(
                        "recording inputs, full precision",
                        recipe.calibrationPrompts(),
                        wanted(context, recipe),
                        context.model().fullPrecision(),
                        context.progress());
    }

    /**
     * Of the layers whose channels are integrated and of the time path that gets a grid of its own. The time path has a token a frame; tokens of other layers
     * are read by the search for a threshold alone.
     */
    private static CalibrationRollouts.Wanted wanted(QuantContext context, QvdRecipe recipe) {
        List<LinearSite> sites = new ArrayList<>(integrated(context, recipe));
        recipe.scheme().sites(context.model()).stream()
                .filter(site -> isCompanded(recipe, site))
                .forEach(sites::add);
        if (recipe.scri() == QvdRecipe.Integration.SHIFT_AND_SCALE) {
            return new CalibrationRollouts.Wanted(sites::contains, recipe.tokensPerSample(), recipe.seed(), true);
        }
        return recipe.htdq() == TemporalFeatures.COMPANDED
                ? new CalibrationRollouts.Wanted(sites::contains, MOST_FRAMES, recipe.seed(), true)
                : CalibrationRollouts.Wanted.extremes(sites::contains);
    }

    private static List<LinearSite> integrated(QuantContext context, QvdRecipe recipe) {
        return recipe.scri() == QvdRecipe.Integration.NONE
                ? List.of()
                : recipe.scheme().sites(context.model(), recipe.integrated());
    }

    private static boolean isCompanded(QvdRecipe recipe, LinearSite site) {
        boolean temporal = site.role() == SiteRole.TIME_DOWN || site.role() == SiteRole.TIME_PROJECTION;
        return temporal && recipe.htdq() == TemporalFeatures.COMPANDED;
    }

    /** SCRI: the transform of each integrated layer; layers that share an input share it. What a search found is kept for a run that is interrupted. */
    private static Map<LinearSite, InputTransform> integrate(
            QuantContext context, QvdRecipe recipe, Recording recording) {
        FinishedLayers finished = recipe.scri() == QvdRecipe.Integration.SHIFT_AND_SCALE
                ? context.finished().stage("integrated")
                : FinishedLayers.NONE;
        Map<LinearSite, InputTransform> transforms = new HashMap<>();
        for (InputGroup group : InputGroup.of(integrated(context, recipe))) {
            try (TensorScope each = TensorScope.open()) {
                integrate(context, recipe, group, recording, finished).forEach((site, transform) -> {
                    for (Correction correction : transform.corrections()) {
                        correction.tensors().forEach(each::keep);
                    }
                    transforms.put(site, transform);
                });
            }
        }
        return transforms;
    }

    private static Map<LinearSite, InputTransform> integrate(
            QuantContext context, QvdRecipe recipe, InputGroup group, Recording recording, FinishedLayers finished) {
        Map<LinearSite, InputTransform> transforms = new HashMap<>();
        if (group.sites().stream().allMatch(finished::has)) {
            for (LinearSite site : group.sites()) {
                transforms.put(
                        site,
                        new InputTransform(finished.find(site).orElseThrow().corrections()));
            }
            return transforms;
        }
        Extremes range = recording.extremes(group.first());
        Tensor shift = RangeIntegration.shift(range.low(), range.high());
        boolean searches = recipe.scri() == QvdRecipe.Integration.SHIFT_AND_SCALE;
        InputTransform scaling = searches
                ? scaling(context, recipe, group, shift, range, recording.samples(group.first()))
                : InputTransform.NONE;
        for (LinearSite site : group.sites()) {
            Tensor weight = context.model().weight(site);
            InputTransform both = InputTransform.shifting(shift, weight).then(scaling);
            transforms.put(site, both);
            if (searches) {
                WeightRule rule = recipe.scheme().weights();
                finished.put(
                        site,
                        ScaledLayer.of(weight, rule, recipe.range().weights(), both)
                                .nearest());
            }
        }
        return transforms;
    }

    private static InputTransform scaling(
            QuantContext context, QvdRecipe recipe, InputGroup group, Tensor shift, Extremes range, Samples samples) {
        IntGrid grid = ((InputRule.Static) recipe.scheme().inputs()).grid();
        Tensor tokens = samples.inputs().reshape(-1, shift.numel()).sub(shift);
        RangeIntegration.Integrated found = recipe.integration()
                .search(
                        tokens,
                        range.high().sub(shift),
                        group.weight(context.model()),
                        grid,
                        recipe.scheme().weights(),
                        recipe.range().weights());
        return InputTransform.dividing(found.factors());
    }

    /** HTDQ: the companded grid of a layer of the time path. */
    private static ScaledLayer withTemporalInput(
            QvdRecipe recipe, LinearSite site, ScaledLayer layer, Recording recording) {
        if (!isCompanded(recipe, site)) {
            return layer;
        }
        IntGrid grid = ((InputRule.Static) recipe.scheme().inputs()).grid();
        InputPlan plan = recipe.companding().fit(byTimestep(recording.samples(site)), grid);
        return layer.withInputs(plan, plan);
    }

    /** One row a distinct timestep, from the largest to the smallest: {@code [timesteps, dim]}. */
    private static Tensor byTimestep(Samples samples) {
        List<RolloutStep> steps = samples.steps();
        long[] first = IntStream.range(0, steps.size())
                .boxed()
                .filter(i -> steps.subList(0, i).stream()
                        .noneMatch(s -> s.timestep() == steps.get(i).timestep()))
                .sorted(Comparator.comparingDouble(i -> -steps.get(i).timestep()))
                .mapToLong(Integer::longValue)
                .toArray();
        Tensor rows = samples.inputs().index_select(0, Tensors.of(first, first.length));
        return Ops.copy(rows.select(1, 0));
    }
}
