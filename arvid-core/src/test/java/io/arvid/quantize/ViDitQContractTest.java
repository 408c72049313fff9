package io.arvid.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.model.RolloutStep;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.quantize.viditq.ViDitQ;
import io.arvid.quantize.viditq.ViDitQRecipe;
import io.arvid.tensor.Tensors;
import java.util.List;
import org.junit.jupiter.api.Test;

class ViDitQContractTest extends QuantMethodContract<ViDitQRecipe> {
    @Override
    QuantMethod<ViDitQRecipe> method() {
        return new ViDitQ();
    }

    @Override
    ViDitQRecipe recipe() {
        return new ViDitQRecipe(
                Scheme.dynamicPerToken(8, IntGrid.asymmetric(8)),
                0,
                RangeRule.MIN_MAX,
                0.5,
                0.95,
                2,
                ViDitQRecipe.BLOCKS,
                1,
                0);
    }

    @Test
    void withoutBalancedLayersNothingIsRolledOut() {
        ViDitQRecipe plain = new ViDitQRecipe(
                Scheme.dynamicPerToken(8, IntGrid.asymmetric(8)), 0, RangeRule.MIN_MAX, 0.5, 0.95, 1, List.of(), 1, 0);
        assertThat(method().needs(plain)).isEqualTo(new Needs.WeightsOnly());
        try (TinyModel tiny = new TinyModel(7);
                QuantPlan plan = method().plan(QuantContext.of(tiny.model(), tiny.rollouts(0)), plain)) {
            assertThat(List.copyOf(plan.layers().sequencedKeySet()))
                    .isEqualTo(plain.scheme().sites(tiny.model()));
        }
    }

    @Test
    void balancedLayersHaveOtherCodesLaterInDenoising() {
        try (TinyModel tiny = new TinyModel(7);
                QuantPlan plan = method().plan(QuantContext.of(tiny.model(), tiny.rollouts(1)), recipe())) {
            QuantPlan.Phase noisy = plan.phases().getFirst();
            assertThat(noisy.holds(new RolloutStep(0, 0, false, 0, 1, 1000))).isTrue();
            assertThat(noisy.holds(new RolloutStep(0, 3, true, 0, 1, 0))).isFalse();
            assertThat(noisy.layers().keySet())
                    .allMatch(site -> !site.role().isTextPath() && site.role().isInBlock())
                    .isNotEmpty();
            noisy.layers()
                    .forEach((site, layer) -> assertThat(Tensors.toBytes(layer.codes()))
                            .isNotEqualTo(
                                    Tensors.toBytes(plan.layers().get(site).codes())));
        }
    }
}
