package io.arvid.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.quantize.arvid.ArvidMethod;
import io.arvid.quantize.arvid.ArvidRecipe;
import io.arvid.quantize.arvid.ChunkBits;
import io.arvid.quantize.arvid.GramSolver;
import io.arvid.quantize.arvid.KeptLayers;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.qarvd.OutlierDetection;
import io.arvid.quantize.qarvd.Weighting;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ArvidContractTest extends QuantMethodContract<ArvidRecipe> {
    /** Two prompts, one of them held out; outliers are not padded to 32, which would be most of this model's channels. */
    private static ArvidRecipe quick(
            ArvidRecipe.Seen inputs, @Nullable ChunkBits chunkBits, @Nullable KeptLayers keep) {
        return new ArvidRecipe(
                Scheme.staticPerTensor(4, 8),
                0,
                RangeRule.PERCENTILE,
                true,
                new OutlierDetection(OutlierDetection.Rule.MAD, 3.5, 1.5, 1.2, 4),
                Weighting.SENSITIVITY,
                1,
                inputs,
                1,
                2,
                2,
                0,
                List.of(1.0, 0.9),
                new GramSolver(List.of(0.03, 0.3), List.of(1.0, 0.85), 2, 2, true, true, null),
                chunkBits,
                keep);
    }

    @Override
    QuantMethod<ArvidRecipe> method() {
        return new ArvidMethod();
    }

    @Override
    ArvidRecipe recipe() {
        return quick(ArvidRecipe.Seen.FULL_PRECISION, null, null);
    }

    @Override
    boolean isReconstruction() {
        return true;
    }

    @Test
    void chunksGetTheirBitsWithinTheBudget() {
        try (TinyModel tiny = new TinyModel(7);
                QuantPlan plan = new ArvidMethod()
                        .plan(
                                QuantContext.of(tiny.model(), tiny.rollouts(2)),
                                quick(ArvidRecipe.Seen.QUANTIZED, new ChunkBits(List.of(4, 6, 8), 6), null))) {
            plan.layers().forEach((site, layer) -> {
                InputPlan.Stepwise inputs = (InputPlan.Stepwise) layer.input();
                int bits = inputs.plans().stream()
                        .mapToInt(each -> ((InputPlan.Static) each).grid().bits())
                        .sum();
                assertThat(bits).isLessThanOrEqualTo(6 * inputs.plans().size());
            });
        }
    }

    @Test
    void keptLayersStayWithinTheBudget() {
        KeptLayers keep = new KeptLayers(0.5, 1);
        try (TinyModel tiny = new TinyModel(7);
                QuantPlan plan = new ArvidMethod()
                        .plan(
                                QuantContext.of(tiny.model(), tiny.rollouts(2)),
                                quick(ArvidRecipe.Seen.QUANTIZED, null, keep))) {
            var sites = recipe().scheme().sites(tiny.model());
            long all = sites.stream().mapToLong(site -> 4 * site.weightCount()).sum();
            long added = sites.stream()
                    .filter(site -> !plan.layers().containsKey(site))
                    .mapToLong(site -> 12 * site.weightCount())
                    .sum();
            assertThat(added).isPositive().isLessThanOrEqualTo(all / 2);
        }
    }
}
