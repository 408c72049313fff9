package io.arvid.compare;

import io.arvid.evaluate.suite.MetricFiles;
import io.arvid.record.SourceStamp;
import java.nio.file.Path;
import java.util.List;

/**
 * What is to be compared.
 *
 * @param model folder of the model
 * @param recipes folders of recipe files, {@code method-setting.json}; the first that has a file counts
 * @param run folder that everything goes to; finished parts in it are not done again
 * @param methods ids of the methods
 * @param settings bit widths such as {@code w4a8}
 * @param ablations ids of ablations, see {@link Ablations}
 * @param ablationSetting bit widths of the ablations
 * @param prompts what is asked for, held out
 * @param seeds seeds of the noise, each with every prompt
 * @param calibrationPrompts what methods calibrate on
 * @param metricFiles weights of metrics
 * @param jobs recipes that are worked on at once
 * @param command the command line, for the record
 * @param sources the program that does it
 */
public record CompareRequest(
        Path model,
        List<Path> recipes,
        Path run,
        List<String> methods,
        List<String> settings,
        List<String> ablations,
        String ablationSetting,
        List<String> prompts,
        List<Long> seeds,
        List<String> calibrationPrompts,
        MetricFiles metricFiles,
        int jobs,
        String command,
        SourceStamp sources) {
    /** Seed of the first calibration prompt's noise. */
    public static final long CALIBRATION_SEED = 1_000_000;

    /** Checks that there is something to compare. */
    public CompareRequest {
        if (methods.isEmpty() || settings.isEmpty() || prompts.isEmpty() || seeds.isEmpty() || jobs < 1) {
            throw new IllegalArgumentException("a comparison needs methods, settings, prompts, seeds and a job");
        }
    }

    /** The first {@code count} calibration prompts; fewer where there are not as many. */
    List<String> firstPrompts(int count) {
        return calibrationPrompts.subList(0, Math.min(count, calibrationPrompts.size()));
    }
}
