package io.arvid.quantize;

import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.qarvd.Follow;
import io.arvid.quantize.qarvd.OutlierDetection;
import io.arvid.quantize.qarvd.QArvd;
import io.arvid.quantize.qarvd.QArvdRecipe;
import io.arvid.quantize.qarvd.Weighting;
import io.arvid.quantize.scheme.Scheme;
import java.util.TreeMap;

class QArvdContractTest extends QuantMethodContract<QArvdRecipe> {
    /** Few steps at a high rate; outliers are not padded to 32, which would be most of this model's channels. */
    static QArvdRecipe quick(Follow follow) {
        ReconstructionSettings settings = new ReconstructionSettings(150, 8, 2e-2, 4e-5, 0.01, 0.2, 20, 2);
        return new QArvdRecipe(
                Scheme.staticPerTensor(4, 8),
                0,
                follow,
                new TreeMap<>(),
                RangeRule.PERCENTILE,
                true,
                new OutlierDetection(OutlierDetection.Rule.MAD, 3.5, 1.5, 1.2, 4),
                Weighting.SENSITIVITY,
                1,
                1,
                0,
                settings);
    }

    @Override
    QuantMethod<QArvdRecipe> method() {
        return new QArvd();
    }

    @Override
    QArvdRecipe recipe() {
        return quick(Follow.PAPER);
    }

    @Override
    boolean isReconstruction() {
        return true;
    }
}
