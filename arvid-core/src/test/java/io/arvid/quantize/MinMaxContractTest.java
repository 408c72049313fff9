package io.arvid.quantize;

import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.minmax.MinMax;
import io.arvid.quantize.minmax.MinMaxRecipe;
import io.arvid.quantize.scheme.Scheme;

class MinMaxContractTest extends QuantMethodContract<MinMaxRecipe> {
    @Override
    QuantMethod<MinMaxRecipe> method() {
        return new MinMax();
    }

    @Override
    MinMaxRecipe recipe() {
        return new MinMaxRecipe(Scheme.staticPerTensor(8, 8), 0, RangeRule.MIN_MAX, 1, 0);
    }
}
