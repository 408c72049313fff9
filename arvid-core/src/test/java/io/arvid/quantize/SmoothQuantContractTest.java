package io.arvid.quantize;

import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.quantize.smoothquant.SmoothQuant;
import io.arvid.quantize.smoothquant.SmoothQuantRecipe;

class SmoothQuantContractTest extends QuantMethodContract<SmoothQuantRecipe> {
    @Override
    QuantMethod<SmoothQuantRecipe> method() {
        return new SmoothQuant();
    }

    @Override
    SmoothQuantRecipe recipe() {
        return new SmoothQuantRecipe(
                Scheme.staticPerTensor(8, 8), 0, RangeRule.PERCENTILE, 0.5, SmoothQuantRecipe.BEHIND_NORMS, 2, 0);
    }
}
