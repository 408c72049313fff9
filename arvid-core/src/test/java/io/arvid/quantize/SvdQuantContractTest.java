package io.arvid.quantize;

import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.LowRankBranch;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.quantize.svdquant.SvdQuant;
import io.arvid.quantize.svdquant.SvdQuantRecipe;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SvdQuantContractTest extends QuantMethodContract<SvdQuantRecipe> {
    @Override
    QuantMethod<SvdQuantRecipe> method() {
        return new SvdQuant();
    }

    @Override
    SvdQuantRecipe recipe() {
        return new SvdQuantRecipe(
                Scheme.staticPerTensor(4, 8),
                0,
                RangeRule.PERCENTILE,
                true,
                2,
                new LowRankBranch(4, 2, true),
                new Gptq(0.01, true, 128),
                false,
                false,
                1,
                0);
    }

    @Test
    void branchesOfAnInterruptedRunAreNotSoughtAgain(@TempDir Path folder) {
        assertThatSearchesAreNotRepeated(recipe(), folder);
    }
}
