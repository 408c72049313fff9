package io.arvid.quantize.qat;

import io.arvid.rollout.train.Optimizer;
import io.arvid.rollout.train.TrainableParameters;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/** The parameters of a run in groups with learning rates of their own, clipped by their common norm. */
final class ParameterGroups implements AutoCloseable {
    static final String WEIGHTS = "weights";
    static final String QUANTIZERS = "quantizers";
    static final String AUXILIARY = "auxiliary";
    static final String CLIPS = "clips";

    /** A scale stays at this share of its start or more: at the quantizers' smallest step it would have no gradient to grow by. */
    private static final double LEAST_SHARE = 0.05;

    /** Parameters with one rate; factors on their gradients lie as their values do. */
    private record Group(
            String name, double rate, TrainableParameters parameters, Optimizer optimizer, Tensor gradientFactors) {}

    private final List<Group> groups = new ArrayList<>();
    private final Map<String, Tensor> leastScales = new LinkedHashMap<>();

    ParameterGroups(QatStart start, QatRecipe recipe) {
        boolean muon = recipe.optimizer().muon();
        add(WEIGHTS, start.weights(), start, recipe.rates().weights(), recipe, name -> muon && isBlockMatrix(name));
        add(QUANTIZERS, start.quantizers(), start, recipe.rates().quantizers(), recipe, name -> false);
        add(AUXILIARY, start.auxiliary(), start, recipe.rates().auxiliary(), recipe, name -> false);
        add(CLIPS, start.clips(), start, recipe.rates().clips(), recipe, name -> false);
        try (TensorScope scope = TensorScope.open()) {
            start.quantizers().forEach((name, initial) -> {
                if (QatStart.isScale(name)) {
                    leastScales.put(name, TensorScope.own(Ops.mul(initial, LEAST_SHARE)));
                }
            });
        }
    }

    private static boolean isBlockMatrix(String name) {
        return name.startsWith("blocks.") && name.endsWith(".weight") && !name.contains("norm");
    }

    private void add(
            String name,
            Map<String, Tensor> initial,
            QatStart start,
            double rate,
            QatRecipe recipe,
            Predicate<String> isMatrix) {
        if (initial.isEmpty()) {
            return;
        }
        QatRecipe.Optimizers constants = recipe.optimizer();
        TrainableParameters parameters = new TrainableParameters(initial, isMatrix, Map.of());
        Optimizer optimizer = new Optimizer(
                parameters,
                new Optimizer.Settings(
                        constants.beta1(), constants.beta2(), 0.95, constants.weightDecay(), constants.averageDecay()));
        try (TensorScope scope = TensorScope.open()) {
            Tensor factors = Tensors.ones(DTypes.F32, parameters.values().numel());
            parameters.weights().entries().forEach((key, view) -> {
                Double factor = start.gradientFactors().get(key);
                if (factor != null) {
                    factors.narrow(0, view.storage_offset(), view.numel())
                            .copy_(Tensors.full(DTypes.F32, factor, view.numel()));
                }
            });
            groups.add(new Group(name, rate, parameters, optimizer, TensorScope.own(factors)));
        }
    }

    /** The parameters as they are now, by name: views that record gradients. */
    Map<String, Tensor> views() {
        Map<String, Tensor> views = new LinkedHashMap<>();
        groups.forEach(group -> views.putAll(group.parameters().weights().entries()));
        return views;
    }

    /** Copies of the parameters' moving averages, by name. */
    Map<String, Tensor> averages() {
        Map<String, Tensor> averages = new LinkedHashMap<>();
        groups.forEach(group ->
                averages.putAll(group.parameters().namedCopies(group.optimizer().average())));
        keepScales(averages);
        return averages;
    }

    void clearGradients() {
        groups.forEach(group -> group.parameters().clearGradients());
    }

    /** Scales gradients as LSQ does; returns the norm of each group's gradients. */
    Map<String, Double> norms() {
        Map<String, Double> norms = new LinkedHashMap<>();
        try (TensorScope scope = TensorScope.open()) {
            for (Group group : groups) {
                Tensor gradients = group.parameters().gradients();
                gradients.mul_(group.gradientFactors());
                norms.put(group.name(), Tensors.item(gradients.norm()));
            }
        }
        return norms;
    }

    /** The norm of the gradients of all groups that {@code active} names, from those of each. */
    static double total(Map<String, Double> norms, Predicate<String> active) {
        return Math.sqrt(norms.entrySet().stream()
                .filter(group -> active.test(group.getKey()))
                .mapToDouble(group -> group.getValue() * group.getValue())
                .sum());
    }

    /** Multiplies all gradients by {@code factor}. */
    void scaleGradients(double factor) {
        groups.forEach(group -> Ops.mul_(group.parameters().gradients(), factor));
    }

    /** One step of the groups that {@code active} names, at {@code share} of their peak rates; scales stay above {@value #LEAST_SHARE} of their start. */
    void step(double share, Predicate<String> active) {
        for (Group group : groups) {
            if (active.test(group.name())) {
                group.optimizer().step(share * group.rate());
            }
        }
        keepScales(views());
    }

    private void keepScales(Map<String, Tensor> parameters) {
        Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                leastScales.forEach((name, least) -> {
                    Tensor scale = Objects.requireNonNull(parameters.get(name));
                    scale.copy_(scale.max(least));
                });
            }
            return parameters;
        });
    }

    /** Begins the optimizer of the group {@code name} anew: {@link Optimizer#clearMoments}. */
    void clearMoments(String name) {
        groups.stream()
                .filter(group -> group.name().equals(name))
                .forEach(group -> group.optimizer().clearMoments());
    }

    /** Learning rates at {@code share} of their peaks; 0 for groups that {@code active} does not name. */
    Map<String, Double> rates(double share, Predicate<String> active) {
        Map<String, Double> rates = new LinkedHashMap<>();
        groups.forEach(group -> rates.put(group.name(), active.test(group.name()) ? share * group.rate() : 0));
        return rates;
    }

    /** Everything that a resumed run needs, beside {@link #steps}. */
    Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        groups.forEach(group ->
                group.optimizer().state().forEach((name, tensor) -> state.put(group.name() + "." + name, tensor)));
        return state;
    }

    /** Steps that each group has made since its optimizer began. */
    Map<String, Long> steps() {
        Map<String, Long> steps = new LinkedHashMap<>();
        groups.forEach(group -> steps.put(group.name(), group.optimizer().steps()));
        return steps;
    }

    void restore(WeightMap state, Map<String, Long> steps) {
        for (Group group : groups) {
            Map<String, Tensor> part = new LinkedHashMap<>();
            String prefix = group.name() + ".";
            state.entries().forEach((name, tensor) -> {
                if (name.startsWith(prefix)) {
                    part.put(name.substring(prefix.length()), tensor);
                }
            });
            try (WeightMap named = WeightMap.of(part)) {
                group.optimizer().restore(named, steps.getOrDefault(group.name(), 0L));
            }
        }
    }

    @Override
    public void close() {
        groups.forEach(group -> {
            group.gradientFactors().close();
            group.optimizer().close();
            group.parameters().close();
        });
        leastScales.values().forEach(Tensor::close);
    }
}
