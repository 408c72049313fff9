package io.arvid.quantize.adaround;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.quantize.fit.PercentileInputFit;
import io.arvid.quantize.fit.PercentileWeightFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FusedReconstructionTest {
    private static final IntGrid INPUTS = IntGrid.asymmetric(6);

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    /** α moves by at most its rate an iteration, whatever its gradient; float32 sums in another order may turn signs of gradients near zero only. */
    @ParameterizedTest
    @CsvSource({"per-channel,false,false", "per-channel,true,true", "group-16,false,true", "per-channel,true,false"})
    void followsThePlainLoop(String at, boolean outliers, boolean trainsScales) {
        Torch.withoutGradients(() -> {
            TensorScope.runAndFree(() -> follows(Granularity.of(at), outliers, trainsScales));
            return 0;
        });
    }

    private static void follows(Granularity at, boolean split, boolean trainsScales) {
        try (Seeds seeds = new Seeds(3)) {
            Tensor weight = seeds.normal(21, 50);
            Tensor inputs = seeds.normal(12, 5, 50).matmul(seeds.normal(50, 50));
            Tensor bias = seeds.normal(21);
            Tensor targets = Ops.linear(inputs, weight, bias);
            Tensor weights = seeds.normal(12).abs();
            ScaledLayer layer = layer(weight, inputs, weights, new WeightRule(IntGrid.asymmetric(4), at), split);
            ReconstructionSettings settings = new ReconstructionSettings(120, 4, 2e-3, 4e-5, 0.01, 0.2, 20, 2);
            ReconstructionSettings.Extras extras = new ReconstructionSettings.Extras(trainsScales, trainsScales);
            try (Seeds a = new Seeds(9);
                    Seeds b = new Seeds(9);
                    LayerReconstruction plain =
                            new LayerReconstruction(layer, settings, extras, inputs, targets, weights, bias);
                    FusedReconstruction fused =
                            new FusedReconstruction(layer, settings, extras, inputs, targets, weights, bias)) {
                LayerPlan expected = plain.run(a);
                LayerPlan found = fused.run(b);
                double far = Tensors.item(plain.alpha().sub(fused.alpha()).abs().max());
                assertThat(far).isLessThan(20 * settings.roundingRate());
                double mean = Tensors.item(
                        Ops.mean(plain.alpha().sub(fused.alpha()).abs().reshape(-1), false, 0));
                assertThat(mean).isLessThan(1e-4);
                assertThat(scale(found))
                        .isCloseTo(scale(expected), org.assertj.core.data.Percentage.withPercentage(0.01));
                assertThat(Tensors.item(
                                found.scales().sub(expected.scales()).abs().max()))
                        .isLessThan(1e-4);
                Tensor differ = Ops.toF32(found.codes().ne(expected.codes()));
                assertThat(Tensors.item(Ops.mean(differ.reshape(-1), false, 0))).isLessThan(0.01);
                assertThat(found.correction(Correction.DualScale.class).isPresent())
                        .isEqualTo(split);
            }
        }
    }

    /** At a rate of 1 the first step is longer than the scales are. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void inputScalesStayAboveZero(boolean split) {
        Torch.withoutGradients(() -> {
            TensorScope.runAndFree(() -> staysAboveZero(split));
            return 0;
        });
    }

    private static void staysAboveZero(boolean split) {
        try (Seeds seeds = new Seeds(4)) {
            Tensor weight = seeds.normal(21, 50);
            Tensor inputs = seeds.normal(12, 5, 50);
            Tensor bias = seeds.normal(21);
            Tensor targets = Ops.linear(inputs, weight, bias);
            Tensor weights = seeds.normal(12).abs();
            WeightRule rule = new WeightRule(IntGrid.asymmetric(4), new Granularity.PerChannel());
            ScaledLayer layer = layer(weight, inputs, weights, rule, split);
            double least = 0.0099 * ((InputPlan.Static) layer.input()).scale();
            ReconstructionSettings settings = new ReconstructionSettings(6, 4, 2e-3, 1, 0.01, 0.2, 20, 2);
            ReconstructionSettings.Extras none = ReconstructionSettings.Extras.NONE;
            try (Seeds a = new Seeds(9);
                    Seeds b = new Seeds(9);
                    LayerReconstruction plain =
                            new LayerReconstruction(layer, settings, none, inputs, targets, weights, bias);
                    FusedReconstruction fused =
                            new FusedReconstruction(layer, settings, none, inputs, targets, weights, bias)) {
                assertThat(scale(plain.run(a))).isGreaterThan(least).isFinite();
                assertThat(scale(fused.run(b))).isGreaterThan(least).isFinite();
            }
        }
    }

    private static double scale(LayerPlan plan) {
        return ((InputPlan.Static) plan.input()).scale();
    }

    private static ScaledLayer layer(Tensor weight, Tensor inputs, Tensor weights, WeightRule rule, boolean split) {
        PercentileInputFit fit = new PercentileInputFit();
        if (!split) {
            InputPlan plan = fit.fit(inputs, weights, INPUTS);
            return ScaledLayer.of(weight, rule, new PercentileWeightFit()).withInputs(plan, plan);
        }
        Tensor outliers = Tensors.of(new long[] {3, 17, 18, 40}, 4);
        Tensor normals = Tensors.arange(DTypes.I64, 50)
                .masked_select(ScaledLayer.isOutlier(outliers, 50).logical_not());
        return ScaledLayer.split(weight, rule, new PercentileWeightFit(), outliers, normals, false)
                .withInputs(
                        fit.fit(inputs.index_select(-1, normals), weights, INPUTS),
                        fit.fit(inputs.index_select(-1, outliers), weights, INPUTS));
    }
}
