package io.arvid.quantize;

import io.arvid.quantize.adaround.AdaRound;
import io.arvid.quantize.adaround.AdaRoundRecipe;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.Scheme;

class AdaRoundContractTest extends QuantMethodContract<AdaRoundRecipe> {
    @Override
    QuantMethod<AdaRoundRecipe> method() {
        return new AdaRound();
    }

    @Override
    AdaRoundRecipe recipe() {
        ReconstructionSettings quick = new ReconstructionSettings(100, 8, 3e-2, 4e-5, 0.01, 0.2, 20, 2);
        return new AdaRoundRecipe(Scheme.staticPerTensor(4, 8), 0, RangeRule.PERCENTILE, 1, 0, true, quick);
    }

    @Override
    boolean isReconstruction() {
        return true;
    }
}
