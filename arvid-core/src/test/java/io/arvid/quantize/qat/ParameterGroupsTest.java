package io.arvid.quantize.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ParameterGroupsTest {
    private static final double SHARE = 0.5;
    private static final int STEPS = 15;

    private final QatRecipe recipe = withRates(
            TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED), new QatRecipe.Rates(1e-3, 2e-3, 3e-3, 1e-2, 0));
    private TinyStudent tiny;

    private static QatRecipe withRates(QatRecipe r, QatRecipe.Rates rates) {
        return new QatRecipe(
                r.scheme(),
                r.seed(),
                r.follow(),
                r.weights(),
                r.inputs(),
                r.auxiliary(),
                r.loss(),
                rates,
                r.optimizer(),
                r.training());
    }

    @BeforeEach
    void open() {
        Torch.setThreads(1);
        tiny = new TinyStudent();
    }

    @AfterEach
    void close() {
        tiny.close();
    }

    @Test
    void aStepIsAdamWWithTheRateOfTheGroupLsqsFactorAndTheCommonClipping() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(4)) {
            QatStart start = QatStart.of(tiny.teacher, recipe, site -> TinyStudent.ones(1));
            try (ParameterGroups groups = new ParameterGroups(start, recipe)) {
                Map<String, double[]> values = new LinkedHashMap<>();
                groups.views().forEach((name, view) -> values.put(name, Tensors.toDoubles(view)));
                List<Map<String, double[]>> gradients = new ArrayList<>();
                for (double size : new double[] {1, 3}) {
                    gradients.add(step(groups, start, seeds, size));
                }
                groups.views()
                        .forEach((name, view) -> assertThat(Tensors.toDoubles(view))
                                .as(name)
                                .containsExactly(
                                        adamW(
                                                values.get(name),
                                                gradients.stream()
                                                        .map(all -> all.get(name))
                                                        .toList(),
                                                SHARE * rate(start, name)),
                                        within(5e-6))); // float32 values of up to 10
            }
        }
    }

    /** One step with random gradients of {@code size}, clipped to a common norm of 1; returns what AdamW has to see. */
    private static Map<String, double[]> step(ParameterGroups groups, QatStart start, Seeds seeds, double size) {
        Map<String, double[]> seen = new LinkedHashMap<>();
        double squares = 0;
        for (Map.Entry<String, Tensor> view : groups.views().entrySet()) {
            Tensor gradient = Ops.mul(seeds.normal(Tensors.shape(view.getValue())), size);
            view.getValue().mutable_grad().copy_(gradient);
            double[] scaled = Tensors.toDoubles(gradient);
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] *= lsqFactor(start, view.getKey());
                squares += scaled[i] * scaled[i];
            }
            seen.put(view.getKey(), scaled);
        }
        double norm = Math.sqrt(squares);
        double found = ParameterGroups.total(groups.norms(), group -> true);
        assertThat(found / norm).isCloseTo(1.0, within(1e-5));
        assertThat(ParameterGroups.total(Map.of("weights", 3.0, "auxiliary", 4.0), "auxiliary"::equals))
                .isEqualTo(4);
        groups.scaleGradients(1 / found);
        groups.step(SHARE, group -> true);
        seen.values().forEach(all -> {
            for (int i = 0; i < all.length; i++) {
                all[i] /= norm;
            }
        });
        return seen;
    }

    private static double lsqFactor(QatStart start, String name) {
        if (!start.quantizers().containsKey(name)) {
            return 1;
        }
        String layer = name.substring(0, name.lastIndexOf('.'));
        return 1 / Math.sqrt((double) start.weights().get(layer + ".weight").size(1) * STEPS);
    }

    private double rate(QatStart start, String name) {
        if (start.clips().containsKey(name)) {
            return recipe.rates().clips();
        }
        if (start.auxiliary().containsKey(name)) {
            return recipe.rates().auxiliary();
        }
        return start.quantizers().containsKey(name)
                ? recipe.rates().quantizers()
                : recipe.rates().weights();
    }

    private double[] adamW(double[] initial, List<double[]> gradients, double rate) {
        QatRecipe.Optimizers o = recipe.optimizer();
        double[] values = initial.clone();
        for (int i = 0; i < values.length; i++) {
            double first = 0;
            double second = 0;
            for (int step = 1; step <= gradients.size(); step++) {
                double gradient = gradients.get(step - 1)[i];
                first = o.beta1() * first + (1 - o.beta1()) * gradient;
                second = o.beta2() * second + (1 - o.beta2()) * gradient * gradient;
                double direction = first
                        / (1 - Math.pow(o.beta1(), step))
                        / (Math.sqrt(second / (1 - Math.pow(o.beta2(), step))) + 1e-8);
                values[i] -= rate * (direction + o.weightDecay() * values[i]);
            }
        }
        return values;
    }

    @Test
    void afterItsMomentsAreForgottenAGroupStepsAsFarAsAtFirst() {
        try (TensorScope scope = TensorScope.open()) {
            QatStart start = QatStart.of(tiny.teacher, recipe, site -> TinyStudent.ones(1));
            try (ParameterGroups groups = new ParameterGroups(start, recipe)) {
                groups.views().forEach((name, view) -> view.mutable_grad().fill_(new Scalar(1.0)));
                for (int i = 0; i < 5; i++) {
                    groups.step(1, group -> true);
                }
                groups.clearMoments(ParameterGroups.AUXILIARY);
                String name = start.auxiliary().keySet().iterator().next();
                double[] before = Tensors.toDoubles(groups.views().get(name));
                groups.step(1, group -> true);
                double[] after = Tensors.toDoubles(groups.views().get(name));
                for (int i = 0; i < after.length; i++) {
                    double decay = recipe.optimizer().weightDecay() * before[i];
                    // float32 values below 1
                    assertThat(before[i] - after[i]).isCloseTo(recipe.rates().auxiliary() * (1 + decay), within(1e-6));
                }
            }
        }
    }

    @Test
    void aScaleStaysAboveATwentiethOfItsStart() {
        try (TensorScope scope = TensorScope.open()) {
            QatStart start = QatStart.of(tiny.teacher, recipe, site -> TinyStudent.ones(1));
            try (ParameterGroups groups = new ParameterGroups(start, recipe)) {
                groups.views().forEach((name, view) -> view.mutable_grad().fill_(new Scalar(1.0)));
                // A first step of AdamW is as long as its rate: 2, more than any scale here.
                groups.step(1000, group -> true);
                for (Map<String, Tensor> parameters : List.of(groups.views(), groups.averages())) {
                    start.quantizers().forEach((name, initial) -> {
                        if (QatStart.isScale(name)) {
                            assertThat(Tensors.toFloats(parameters.get(name)))
                                    .as(name)
                                    .isEqualTo(Tensors.toFloats(Ops.mul(initial, 0.05)));
                        }
                    });
                }
            }
        }
    }
}
