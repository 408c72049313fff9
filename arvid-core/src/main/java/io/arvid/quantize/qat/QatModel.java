package io.arvid.quantize.qat;

import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.quantize.qvgen.AuxiliaryModule;
import io.arvid.quantize.qvgen.ClippedDynamicInput;
import io.arvid.quantize.qvgen.LearnedStaticInput;
import io.arvid.quantize.qvgen.LsqWeight;
import io.arvid.quantize.qvgen.StraightThrough;
import io.arvid.quantize.qvgen.TimestepBuckets;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The student: a transformer over trained parameters whose layers compute as {@link QatLayer}s. Holds views of its parameters, and nothing of its own. */
final class QatModel implements AutoCloseable {
    private final QatRecipe recipe;
    private final float firstTimestep;
    private final StepBuckets buckets;
    private final WeightMap held;
    private final WanTransformer transformer;
    private final Map<LinearSite, QatLayer> layers = new LinkedHashMap<>();

    /**
     * A student.
     *
     * @param firstTimestep where a video begins, which is when its text path is computed
     * @param parameters the transformer's by their names, and the quantizers' by those of {@link QatStart}
     */
    QatModel(WanConfig config, QatRecipe recipe, float firstTimestep, Map<String, Tensor> parameters) {
        this.recipe = recipe;
        this.firstTimestep = firstTimestep;
        this.buckets = buckets(recipe);
        Map<String, Tensor> plain = new LinkedHashMap<>();
        config.parameterShapes()
                .keySet()
                .forEach(name -> plain.put(name, Objects.requireNonNull(parameters.get(name))));
        this.held = WeightMap.of(plain);
        this.transformer = new WanTransformer(config, held);
        for (LinearSite site : recipe.scheme().sites(transformer)) {
            layers.put(site, layer(site, parameters));
        }
    }

    /** How clipping factors or scales change with the timestep. */
    static StepBuckets buckets(QatRecipe recipe) {
        return recipe.scheme().inputs() instanceof InputRule.Stepwise(IntGrid grid, StepBuckets buckets)
                ? buckets
                : new TimestepBuckets(recipe.inputs().buckets(), recipe.follow()).buckets();
    }

    private QatLayer layer(LinearSite site, Map<String, Tensor> parameters) {
        StraightThrough rounding = new StraightThrough(recipe.weights().roundingExponent());
        LsqWeight quantizer = new LsqWeight(recipe.scheme().weights().grid(), rounding);
        Tensor scale = get(parameters, QatStart.scale(site));
        Tensor zero = quantizer.grid().symmetric()
                ? Tensors.zeros(DTypes.F32, site.outFeatures(), 1)
                : get(parameters, QatStart.zero(site));
        return new QatLayer(
                site,
                quantizer,
                transformer.weight(site),
                transformer.bias(site),
                scale,
                zero,
                adapter(site, parameters),
                module(site, parameters),
                input(site, parameters, rounding),
                recipe.training().precision());
    }

    private QatLayer.@Nullable Adapter adapter(LinearSite site, Map<String, Tensor> parameters) {
        return recipe.weights().train() == QatRecipe.Trained.FULL
                ? null
                : new QatLayer.Adapter(
                        get(parameters, QatStart.down(site)),
                        get(parameters, QatStart.up(site)),
                        Tensors.item(get(parameters, QatStart.gain(site))));
    }

    private @Nullable AuxiliaryModule module(LinearSite site, Map<String, Tensor> parameters) {
        return recipe.auxiliary().rank() == 0
                ? null
                : new AuxiliaryModule(get(parameters, QatStart.left(site)), get(parameters, QatStart.right(site)));
    }

    private QatInput input(LinearSite site, Map<String, Tensor> parameters, StraightThrough rounding) {
        return switch (recipe.scheme().inputs()) {
            case InputRule.Full full -> new QatInput.Full();
            case InputRule.Dynamic dynamic -> {
                ClippedDynamicInput quantizer = ClippedDynamicInput.of(dynamic.grid(), recipe.follow(), rounding);
                yield recipe.inputs().learnedClipping()
                        ? new QatInput.Clipped(
                                quantizer, get(parameters, QatStart.lower(site)), get(parameters, QatStart.upper(site)))
                        : new QatInput.Dynamic(quantizer);
            }
            case InputRule.Static fixed -> fixed(site, parameters, fixed.grid(), rounding);
            case InputRule.Stepwise stepwise -> fixed(site, parameters, stepwise.grid(), rounding);
        };
    }

    private static QatInput fixed(
            LinearSite site, Map<String, Tensor> parameters, IntGrid grid, StraightThrough rounding) {
        return new QatInput.Static(
                new LearnedStaticInput(grid, rounding),
                get(parameters, QatStart.inputScale(site)),
                get(parameters, QatStart.inputZero(site)));
    }

    private static Tensor get(Map<String, Tensor> parameters, String name) {
        return Objects.requireNonNull(parameters.get(name), name);
    }

    /** The transformer over the trained parameters. */
    WanTransformer transformer() {
        return transformer;
    }

    /** The quantized layers in the model's order. */
    Map<LinearSite, QatLayer> layers() {
        return layers;
    }

    /**
     * The layers of a pass in which every frame has a timestep of its own. The text path counts as part of the first pass of a video, where a roll-out
     * computes it.
     *
     * @param timesteps of every frame {@code [B, F]}
     */
    SiteForward sites(Tensor timesteps, QatLayer.Fading fading) {
        float[] perFrame = Tensors.toFloats(timesteps);
        long frames = timesteps.size(1);
        return (site, step, input) -> {
            QatLayer layer = layers.get(site);
            if (layer == null) {
                return transformer.fullPrecision().apply(site, step, input);
            }
            Tensor chosen = site.role().isTextPath()
                    ? bucketsOf(1, firstTimestep)
                    : bucketsOf((int) (input.size(1) / frames), perFrame);
            return layer.output(input, chosen, layer.effectiveWeight(fading));
        };
    }

    /** Buckets of timesteps, each {@code repeats} times in a row. */
    private Tensor bucketsOf(int repeats, float... timesteps) {
        long[] chosen = new long[timesteps.length * repeats];
        for (int i = 0; i < timesteps.length; i++) {
            Arrays.fill(chosen, i * repeats, (i + 1) * repeats, buckets.of(RolloutStep.wholeClip(1, timesteps[i])));
        }
        return Tensors.of(chosen, chosen.length);
    }

    /** The layers of a roll-out, their weights rounded once; for use without gradients within the open scope. */
    SiteForward rollOutSites(QatLayer.Fading fading) {
        Map<LinearSite, Tensor> weights = new HashMap<>();
        layers.forEach((site, layer) -> weights.put(site, layer.effectiveWeight(fading)));
        return (site, step, input) -> {
            QatLayer layer = layers.get(site);
            return layer == null
                    ? transformer.fullPrecision().apply(site, step, input)
                    : TensorScope.run(
                            () -> layer.output(input, bucketsOf(1, (float) step.timestep()), weights.get(site)));
        };
    }

    /** What the training has decided, without Φ. */
    QuantPlan plan(String method) {
        try (TensorScope scope = TensorScope.open()) {
            LinkedHashMap<LinearSite, LayerPlan> plans = new LinkedHashMap<>();
            layers.forEach((site, layer) -> plans.put(site, layer.plan(buckets)));
            return new QuantPlan(method, plans, recipe.scheme().kv());
        }
    }

    @Override
    public void close() {
        held.close();
    }
}
