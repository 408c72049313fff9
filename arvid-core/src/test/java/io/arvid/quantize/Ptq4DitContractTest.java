package io.arvid.quantize;

import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.ptq4dit.Ptq4Dit;
import io.arvid.quantize.ptq4dit.Ptq4DitRecipe;
import io.arvid.quantize.scheme.Scheme;

class Ptq4DitContractTest extends QuantMethodContract<Ptq4DitRecipe> {
    @Override
    QuantMethod<Ptq4DitRecipe> method() {
        return new Ptq4Dit();
    }

    @Override
    Ptq4DitRecipe recipe() {
        ReconstructionSettings quick = new ReconstructionSettings(25, 8, 2e-2, 4e-5, 0.01, 0.2, 20, 2);
        return new Ptq4DitRecipe(
                Scheme.staticPerTensor(8, 8), 0, RangeRule.PERCENTILE, Ptq4DitRecipe.PUBLISHED, 1, 0, true, quick);
    }
}
