package io.arvid.quantize;

import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.rotation.RotationMethod;
import io.arvid.quantize.rotation.RotationRecipe;
import io.arvid.quantize.scheme.Correction.Rotation;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.Scheme;

class RotationContractTest extends QuantMethodContract<RotationRecipe> {
    @Override
    QuantMethod<RotationRecipe> method() {
        return new RotationMethod();
    }

    @Override
    RotationRecipe recipe() {
        return new RotationRecipe(
                Scheme.dynamicPerToken(8, IntGrid.symmetric(8)),
                0,
                RangeRule.MIN_MAX,
                Rotation.Kind.SYLVESTER,
                16,
                new Gptq(0.01, true, 128),
                1,
                0);
    }
}
