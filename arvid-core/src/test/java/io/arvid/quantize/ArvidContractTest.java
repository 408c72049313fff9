package io.arvid.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.quantize.arvid.ArvidMethod;
import io.arvid.quantize.arvid.ArvidRecipe;
import io.arvid.quantize.arvid.ChunkBits;
import io.arvid.quantize.arvid.KeptLayers;
import io.arvid.quantize.arvid.KvBits;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.gram.GramSolver;
import io.arvid.quantize.qarvd.OutlierDetection;
import io.arvid.quantize.qarvd.Weighting;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.rollout.kv.GroupedQuantizer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ArvidContractTest extends QuantMethodContract<ArvidRecipe> {
    /** Two prompts, one of them held out; outliers are not padded to 32, which would be most of this model's channels. */
    private static ArvidRecipe quick(
            ArvidRecipe.Seen inputs,
            @Nullable ChunkBits chunkBits,
            @Nullable KvBits kvBits,
            @Nullable KeptLayers keep) {
        Scheme scheme = Scheme.staticPerTensor(4, 8);
        KvPlan grouped = new KvPlan.Grouped(4, 0, GroupedQuantizer.Axis.TOKENS);
        return new ArvidRecipe(
                kvBits == null ? scheme : new Scheme(scheme.weights(), scheme.inputs(), scheme.skip(), grouped),
                0,
                RangeRule.PERCENTILE,
                true,
                new OutlierDetection(OutlierDetection.Rule.MAD, 3.5, 1.5, 1.2, 4),
                null,
                Weighting.SENSITIVITY,
                1,
                inputs,
                1,
                2,
                2,
                2,
                0,
                List.of(1.0, 0.9),
                new GramSolver(List.of(0.03, 0.3), List.of(1.0, 0.0), List.of(1.0, 0.85), 2, 2, true, true, null),
                chunkBits,
                kvBits,
                keep);
    }

    @Override
    QuantMethod<ArvidRecipe> method() {
        return new ArvidMethod();
    }

    @Override
    ArvidRecipe recipe() {
        return quick(ArvidRecipe.Seen.FULL_PRECISION, null, null, null);
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
                                quick(ArvidRecipe.Seen.QUANTIZED, new ChunkBits(List.of(4, 6, 8), 6), null, null))) {
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
    void theCacheGetsItsBitsChunkByChunkWithinTheBudget() {
        ArvidRecipe recipe = quick(ArvidRecipe.Seen.QUANTIZED, null, new KvBits(List.of(2, 4, 8), 4.5), null);
        try (TinyModel tiny = new TinyModel(7);
                CachedRollouts cached = new CachedRollouts(tiny.model(), 2, 3);
                QuantPlan plan = new ArvidMethod().plan(QuantContext.of(tiny.model(), cached.rollouts()), recipe)) {
            KvPlan.ByChunk kv = (KvPlan.ByChunk) plan.kv();
            assertThat(kv.bits()).hasSize(3).isSubsetOf(2, 4, 8);
            assertThat(kv.averageBits()).isLessThanOrEqualTo(4.5);
        }
    }

    @Test
    void bitsOfTheCacheNeedGroups() {
        assertThatThrownBy(() ->
                        RecipeFile.parse("{\"method\": \"arvid\", \"kvBits\": {\"widths\": [2, 4], \"average\": 3}}"))
                .hasMessageContaining("grouped");
        assertThatThrownBy(() -> new KvBits(List.of(3, 4), 4)).hasMessageContaining("2, 4, 8 and 16");
        assertThatThrownBy(() -> new KvBits(List.of(4, 8), 3)).hasMessageContaining("cannot average 3.0 bits");
    }

    @Test
    void keptLayersStayWithinTheBudget() {
        KeptLayers keep = new KeptLayers(0.5, 1);
        try (TinyModel tiny = new TinyModel(7);
                QuantPlan plan = new ArvidMethod()
                        .plan(
                                QuantContext.of(tiny.model(), tiny.rollouts(2)),
                                quick(ArvidRecipe.Seen.QUANTIZED, null, null, keep))) {
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
