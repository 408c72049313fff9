package io.arvid.quantize;

import io.arvid.quantize.qarvd.Follow;
import io.arvid.quantize.qarvd.QArvd;
import io.arvid.quantize.qarvd.QArvdRecipe;

/** The official code's Q-ARVD, which ranges inputs twice: without weights for its sensitivities, with them for the rest. */
class QArvdCodeContractTest extends QuantMethodContract<QArvdRecipe> {
    @Override
    QuantMethod<QArvdRecipe> method() {
        return new QArvd();
    }

    @Override
    QArvdRecipe recipe() {
        return QArvdContractTest.quick(Follow.CODE);
    }
}
