package io.arvid.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.model.RolloutStep;
import io.arvid.model.SiteRole;
import io.arvid.quantize.fake.FakeInput;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.LowRankBranch;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.quantize.svdquant.SvdQuant;
import io.arvid.quantize.svdquant.SvdQuantRecipe;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SVDQuant's own INT4 setting: symmetric groups, and an unsigned grid for what GELU gives. */
class SvdQuantShiftContractTest extends QuantMethodContract<SvdQuantRecipe> {
    private static final IntGrid SIGNED = IntGrid.symmetric(4);
    private static final Granularity GROUPS = new Granularity.Grouped(8);

    @Override
    QuantMethod<SvdQuantRecipe> method() {
        return new SvdQuant();
    }

    @Override
    SvdQuantRecipe recipe() {
        return recipe(new InputRule.Dynamic(SIGNED, GROUPS));
    }

    private static SvdQuantRecipe recipe(InputRule inputs) {
        return new SvdQuantRecipe(
                new Scheme(
                        new WeightRule(SIGNED, GROUPS),
                        inputs,
                        List.of("time_embedding", "time_projection", "head"),
                        new KvPlan.Full()),
                0,
                RangeRule.MIN_MAX,
                true,
                2,
                new LowRankBranch(4, 2, true),
                new Gptq(0.01, true, 128),
                true,
                false,
                1,
                0);
    }

    @Test
    void theOutputOfGeluAloneIsShiftedAndUnsigned() {
        try (TinyModel tiny = new TinyModel(7);
                QuantPlan plan = method().plan(QuantContext.of(tiny.model(), tiny.rollouts(2)), recipe())) {
            plan.layers().forEach((site, layer) -> {
                boolean isShifted = site.role() == SiteRole.FFN_DOWN;
                assertThat(layer.correction(Correction.ChannelShift.class).isPresent())
                        .as(site.name())
                        .isEqualTo(isShifted);
                assertThat(layer.input())
                        .isEqualTo(
                                isShifted
                                        ? new InputPlan.Dynamic(IntGrid.asymmetric(4), GROUPS, 0, 1, false)
                                        : new InputPlan.Dynamic(SIGNED, GROUPS));
            });
        }
    }

    @Test
    void anUnsignedGroupHasAllItsCodesBetweenZeroAndTheLargest() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor x = Ops.mul(Tensors.arange(DTypes.F32, 16), 0.5).reshape(1, 16);
            InputPlan unsigned = new InputPlan.Dynamic(IntGrid.asymmetric(4), new Granularity.Grouped(16), 0, 1, false);
            Tensor exact = FakeInput.apply(unsigned, RolloutStep.wholeClip(1, 0), x);
            assertThat(Tensors.toDoubles(exact)).containsExactly(Tensors.toDoubles(x), within(1e-6));
            Tensor shifted = Ops.add(x, 0.25); // Zero stays a code, whatever the smallest value is.
            assertThat(Tensors.toDoubles(FakeInput.apply(unsigned, RolloutStep.wholeClip(1, 0), shifted))[15])
                    .isEqualTo(7.75, within(1e-6));
        }
    }

    @Test
    void inputsWithAZeroPointNeedNoShift() {
        assertThatThrownBy(() -> recipe(new InputRule.Static(SIGNED))).hasMessageContaining("shiftActivations");
        assertThatThrownBy(() -> recipe(new InputRule.Dynamic(IntGrid.asymmetric(4), GROUPS)))
                .hasMessageContaining("dynamic and symmetric");
    }

    @Test
    void branchesOfAnInterruptedRunAreNotSoughtAgain(@TempDir Path folder) {
        assertThatSearchesAreNotRepeated(recipe(), folder);
    }
}
