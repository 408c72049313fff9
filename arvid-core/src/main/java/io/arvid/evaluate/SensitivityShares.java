package io.arvid.evaluate;

import io.arvid.quantize.fit.RankCorrelation;
import io.arvid.quantize.qarvd.Sensitivity;
import io.arvid.record.Estimate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** What reports show of a measured sensitivity: shares of the chunks, errors of all prompts together, with intervals over prompts. */
public final class SensitivityShares {
    private static final PairedBootstrap BOOTSTRAP = new PairedBootstrap(1000, 0.95, 1);

    private SensitivityShares() {}

    /** Shares of {@code measured} at {@code setting}. */
    public static io.arvid.record.Sensitivity of(Sensitivity measured, String setting) {
        double[][] byPrompt = IntStream.range(0, measured.promptCount())
                .mapToObj(measured::errorsOfPrompt)
                .toArray(double[][]::new);
        double[] totals = Arrays.stream(byPrompt)
                .mapToDouble(errors -> Arrays.stream(errors).sum())
                .toArray();
        List<Estimate> shares = new ArrayList<>();
        for (int chunk = 0; chunk < measured.chunkCount(); chunk++) {
            int k = chunk;
            double[] ofChunk =
                    Arrays.stream(byPrompt).mapToDouble(errors -> errors[k]).toArray();
            shares.add(BOOTSTRAP.meanRatio(ofChunk, totals));
        }
        double total = Arrays.stream(measured.errors()).sum();
        return new io.arvid.record.Sensitivity(
                setting,
                byPrompt.length,
                shares,
                measured.textPathError() / total,
                RankCorrelation.withIndex(measured.alpha()));
    }
}
