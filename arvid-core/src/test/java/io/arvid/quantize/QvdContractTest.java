package io.arvid.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.calibrate.Recording;
import io.arvid.model.SiteForward;
import io.arvid.quantize.qvd.Qvd;
import io.arvid.quantize.qvd.QvdRecipe;
import io.arvid.quantize.qvd.RangeIntegration;
import io.arvid.quantize.qvd.TemporalFeatures;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.Progress;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QvdContractTest extends QuantMethodContract<QvdRecipe> {
    private static final String FULL_PRECISION = "recording inputs, full precision";
    private static final String WEIGHTS_QUANTIZED = "recording inputs, weights quantized";

    @Override
    QuantMethod<QvdRecipe> method() {
        return new Qvd();
    }

    @Override
    QvdRecipe recipe() {
        return recipe(TemporalFeatures.COMPANDED, QvdRecipe.Integration.SHIFT_AND_SCALE);
    }

    private static QvdRecipe recipe(TemporalFeatures htdq, QvdRecipe.Integration scri) {
        QvdRecipe defaults = new Qvd().defaults();
        return new QvdRecipe(
                defaults.scheme(),
                0,
                defaults.range(),
                htdq,
                defaults.companding(),
                scri,
                new RangeIntegration(8),
                defaults.integrated(),
                1,
                0);
    }

    /** Tokens of a pass that are wanted of each recording, by its name; 0 for all. */
    private Map<String, Integer> tokensRecorded(QvdRecipe recipe) {
        Map<String, Integer> tokens = new LinkedHashMap<>();
        try (TinyModel tiny = new TinyModel(7);
                QuantPlan plan = method().plan(
                                QuantContext.of(tiny.model(), new ForwardedRollouts(tiny.rollouts(1)) {
                                    @Override
                                    public Recording record(
                                            String name,
                                            int prompts,
                                            Wanted wanted,
                                            SiteForward sites,
                                            Progress progress) {
                                        tokens.put(name, wanted.tokensPerSample());
                                        return super.record(name, prompts, wanted, sites, progress);
                                    }
                                }),
                                recipe)) {
            assertThat(plan.layers()).isNotEmpty();
        }
        return tokens;
    }

    @Test
    void aShiftReadsRangesAlone() {
        Map<String, Integer> tokens = tokensRecorded(recipe(TemporalFeatures.COMPANDED, QvdRecipe.Integration.SHIFT));
        assertThat(tokens.get(FULL_PRECISION)).isBetween(1, 128);
        assertThat(tokens).containsEntry(WEIGHTS_QUANTIZED, 0);
    }

    @Test
    void withoutItsPartsNothingIsWatchedButRanges() {
        QvdRecipe plain = recipe(TemporalFeatures.UNIFORM, QvdRecipe.Integration.NONE);
        assertThat(method().needs(plain)).isEqualTo(new Needs.Rollouts(1, 1, Needs.Measured.NONE, Needs.Measured.NONE));
        assertThat(tokensRecorded(plain)).containsOnlyKeys(WEIGHTS_QUANTIZED);
    }

    @Test
    void thresholdsOfAnInterruptedRunAreNotSoughtAgain(@TempDir Path folder) {
        assertThatSearchesAreNotRepeated(
                recipe(TemporalFeatures.UNIFORM, QvdRecipe.Integration.SHIFT_AND_SCALE), folder);
    }
}
