package io.arvid.quantize;

import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.gptq.GptqMethod;
import io.arvid.quantize.gptq.GptqRecipe;
import io.arvid.quantize.scheme.Scheme;

class GptqContractTest extends QuantMethodContract<GptqRecipe> {
    @Override
    QuantMethod<GptqRecipe> method() {
        return new GptqMethod();
    }

    @Override
    GptqRecipe recipe() {
        return new GptqRecipe(
                Scheme.staticPerTensor(4, 8),
                0,
                RangeRule.PERCENTILE,
                false,
                false,
                new Gptq(0.01, true, 128),
                1,
                0);
    }

    @Override
    boolean isReconstruction() {
        return true;
    }
}
