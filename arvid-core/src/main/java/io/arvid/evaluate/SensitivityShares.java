package io.arvid.evaluate;

import io.arvid.quantize.fit.RankCorrelation;
import io.arvid.quantize.qarvd.Sensitivity;
import io.arvid.record.Estimate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What reports show of a measured sensitivity: shares of the chunks with intervals over prompts. */
public final class SensitivityShares {
    private static final PairedBootstrap BOOTSTRAP = new PairedBootstrap(1000, 0.95, 1);

    private SensitivityShares() {}

    /** Shares of {@code measured} at {@code setting}. */
    public static io.arvid.record.Sensitivity of(Sensitivity measured, String setting) {
        int prompts = measured.promptCount();
        double[] alpha = measured.alpha();
        List<Estimate> shares = new ArrayList<>();
        for (int chunk = 0; chunk < alpha.length; chunk++) {
            int k = chunk;
            double[] byPrompt = new double[prompts];
            Arrays.setAll(byPrompt, prompt -> measured.alphaOfPrompt(prompt)[k]);
            Estimate interval = BOOTSTRAP.mean(byPrompt);
            shares.add(new Estimate(alpha[k], Math.min(alpha[k], interval.low()), Math.max(alpha[k], interval.high())));
        }
        double total = Arrays.stream(measured.errors()).sum();
        return new io.arvid.record.Sensitivity(
                setting, prompts, shares, measured.textPathError() / total, RankCorrelation.withIndex(alpha));
    }
}
