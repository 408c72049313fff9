package io.arvid.quantize;

import io.arvid.quantize.qvd.Qvd;
import io.arvid.quantize.qvd.QvdRecipe;
import io.arvid.quantize.qvd.RangeIntegration;

class QvdContractTest extends QuantMethodContract<QvdRecipe> {
    @Override
    QuantMethod<QvdRecipe> method() {
        return new Qvd();
    }

    @Override
    QvdRecipe recipe() {
        QvdRecipe defaults = new Qvd().defaults();
        return new QvdRecipe(
                defaults.scheme(),
                0,
                defaults.range(),
                defaults.htdq(),
                defaults.companding(),
                QvdRecipe.Integration.SHIFT_AND_SCALE,
                new RangeIntegration(8),
                defaults.integrated(),
                1,
                0);
    }
}
