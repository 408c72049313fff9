package io.arvid;

import io.arvid.evaluate.PairedBootstrap;
import io.arvid.evaluate.PairedScores;
import io.arvid.record.Comparison;
import io.arvid.record.PairedDifference;
import io.arvid.record.VideoSet;
import java.util.ArrayList;
import java.util.List;

/**
 * What the videos of a run came to.
 *
 * @param scores every method at every setting against full precision, setting after setting
 * @param videos what the report shows
 */
record RunResults(List<PairedScores> scores, List<VideoSet> videos) {
    private static final PairedBootstrap BOOTSTRAP = new PairedBootstrap(1000, 0.95, 1);

    /** Distances of every quantized model from full precision, with intervals over the prompts. */
    List<Comparison> comparisons() {
        return scores.stream().map(score -> score.comparison(BOOTSTRAP)).toList();
    }

    /** Each of {@code methods} methods against the first one at the same setting, prompt by prompt. */
    List<PairedDifference> differences(int methods) {
        List<PairedDifference> differences = new ArrayList<>();
        for (int i = 0; i < scores.size(); i++) {
            if (i % methods != 0) {
                differences.add(scores.get(i).against(scores.get(i - i % methods), "latent-mse", BOOTSTRAP));
            }
        }
        return differences;
    }
}
