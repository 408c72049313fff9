package io.arvid.quantize.qat;

import io.arvid.model.LinearSite;
import io.arvid.model.wan.WanTransformer;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.qvgen.ClippedDynamicInput;
import io.arvid.quantize.qvgen.LearnedStaticInput;
import io.arvid.quantize.qvgen.LsqWeight;
import io.arvid.quantize.qvgen.QuantizedStart;
import io.arvid.quantize.qvgen.ShrinkSearch;
import io.arvid.quantize.qvgen.StraightThrough;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * Everything that a run starts from: the four groups of parameters with learning rates of their own, and what stays as it is. Tensors belong to the scope
 * that was open.
 *
 * @param weights the model's parameters, or adapters
 * @param quantizers scales and zero points of weights and static inputs
 * @param auxiliary L and R of every layer; empty without Φ
 * @param clips clipping logits; empty without learned clipping
 * @param fixed parameters that are not trained
 * @param gradientFactors by name, of parameters whose gradients are scaled
 */
record QatStart(
        Map<String, Tensor> weights,
        Map<String, Tensor> quantizers,
        Map<String, Tensor> auxiliary,
        Map<String, Tensor> clips,
        Map<String, Tensor> fixed,
        Map<String, Double> gradientFactors) {
    /**
     * The start of a run.
     *
     * @param inputs a sample of each layer's inputs, any shape; asked for where inputs are static
     */
    static QatStart of(WanTransformer model, QatRecipe recipe, Function<LinearSite, Tensor> inputs) {
        QatStart start = new QatStart(
                new LinkedHashMap<>(),
                new LinkedHashMap<>(),
                new LinkedHashMap<>(),
                new LinkedHashMap<>(),
                new LinkedHashMap<>(),
                new LinkedHashMap<>());
        boolean full = recipe.weights().train() == QatRecipe.Trained.FULL;
        (full ? start.weights : start.fixed).putAll(model.weights().entries());
        List<LinearSite> sites = recipe.scheme().sites(model);
        for (LinearSite site : sites) {
            try (TensorScope scope = TensorScope.open()) {
                start.addWeight(scope, model, recipe, site);
                start.addInput(scope, recipe, site, inputs);
            }
        }
        if (!full) {
            start.addAdapters(recipe, sites);
        }
        return start;
    }

    private void addWeight(TensorScope scope, WanTransformer model, QatRecipe recipe, LinearSite site) {
        IntGrid grid = recipe.scheme().weights().grid();
        Tensor weight = Ops.toF32(model.weight(site));
        int rank = recipe.auxiliary().rank();
        AffinePairs pairs;
        if (rank == 0) {
            pairs = new ShrinkSearch(true).fit(weight, grid);
        } else {
            QuantizedStart found =
                    QuantizedStart.of(weight, grid, rank, recipe.auxiliary().initialIterations(), recipe.follow());
            pairs = found.pairs();
            auxiliary.put(left(site), scope.keep(found.module().left()));
            auxiliary.put(right(site), scope.keep(found.module().right()));
        }
        quantizers.put(scale(site), scope.keep(pairs.scales()));
        if (!grid.symmetric()) {
            quantizers.put(zero(site), scope.keep(pairs.zeros()));
        }
        if (recipe.weights().gradientScaling()) {
            double factor = LsqWeight.of(grid).gradientFactor(site.inFeatures());
            gradientFactors.put(scale(site), factor);
            gradientFactors.put(zero(site), factor);
        }
    }

    private void addInput(TensorScope scope, QatRecipe recipe, LinearSite site, Function<LinearSite, Tensor> inputs) {
        switch (recipe.scheme().inputs()) {
            case InputRule.Full full -> {}
            case InputRule.Dynamic dynamic -> {
                if (recipe.inputs().learnedClipping()) {
                    long count = recipe.inputs().buckets();
                    double logit = ClippedDynamicInput.INITIAL_LOGIT;
                    clips.put(lower(site), scope.keep(Tensors.full(DTypes.F32, logit, count)));
                    clips.put(upper(site), scope.keep(Tensors.full(DTypes.F32, logit, count)));
                }
            }
            case InputRule.Static fixed -> addStatic(scope, recipe, site, fixed.grid(), 1, inputs.apply(site));
            case InputRule.Stepwise stepwise ->
                addStatic(
                        scope, recipe, site, stepwise.grid(), stepwise.buckets().count(), inputs.apply(site));
        }
    }

    private void addStatic(
            TensorScope scope, QatRecipe recipe, LinearSite site, IntGrid grid, long count, Tensor sample) {
        AffinePairs found = new ShrinkSearch(true).fit(sample.reshape(1, -1), grid);
        quantizers.put(
                inputScale(site),
                scope.keep(found.scales().flatten().expand(count).contiguous()));
        quantizers.put(
                inputZero(site),
                scope.keep(found.zeros().flatten().expand(count).contiguous()));
        if (recipe.weights().gradientScaling()) {
            double factor = new LearnedStaticInput(grid, StraightThrough.PLAIN).gradientFactor(site.inFeatures());
            gradientFactors.put(inputScale(site), factor);
            gradientFactors.put(inputZero(site), factor);
        }
    }

    private void addAdapters(QatRecipe recipe, List<LinearSite> sites) {
        double mean = sites.stream().mapToDouble(this::meanScale).average().orElse(1);
        int rank = recipe.weights().adapterRank();
        try (Seeds seeds = new Seeds(recipe.seed())) {
            for (LinearSite site : sites) {
                double deviation = 1 / Math.sqrt(site.inFeatures());
                weights.put(
                        down(site), TensorScope.run(() -> Ops.mul(seeds.normal(rank, site.inFeatures()), deviation)));
                weights.put(up(site), Tensors.zeros(DTypes.F32, site.outFeatures(), rank));
                fixed.put(gain(site), Tensors.full(DTypes.F32, meanScale(site) / mean, 1));
            }
        }
    }

    private double meanScale(LinearSite site) {
        return Tensors.item(Ops.mean(quantizers.get(scale(site)).flatten(), false, 0));
    }

    static String scale(LinearSite site) {
        return site.name() + ".weight_scale";
    }

    /** True for the names of scales, those of weights and of inputs. */
    static boolean isScale(String name) {
        return name.endsWith("_scale");
    }

    static String zero(LinearSite site) {
        return site.name() + ".weight_zero";
    }

    static String left(LinearSite site) {
        return site.name() + ".auxiliary_left";
    }

    static String right(LinearSite site) {
        return site.name() + ".auxiliary_right";
    }

    static String lower(LinearSite site) {
        return site.name() + ".clip_lower";
    }

    static String upper(LinearSite site) {
        return site.name() + ".clip_upper";
    }

    static String inputScale(LinearSite site) {
        return site.name() + ".input_scale";
    }

    static String inputZero(LinearSite site) {
        return site.name() + ".input_zero";
    }

    static String down(LinearSite site) {
        return site.name() + ".adapter_down";
    }

    static String up(LinearSite site) {
        return site.name() + ".adapter_up";
    }

    static String gain(LinearSite site) {
        return site.name() + ".adapter_gain";
    }
}
