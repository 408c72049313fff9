package io.arvid.evaluate.suite;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.record.RunRecord;
import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an evaluation found and where it ran.
 *
 * @param run command, sources, machine, time, and the figures as reports draw them
 * @param method id of the method that made the videos
 * @param setting its bit widths
 * @param settings what shaped the numbers
 * @param weights the metrics' files by slot
 * @param prompts prompt by video, of the videos whose prompt is known; empty in files of older versions
 * @param metrics one result a metric
 * @param failures videos that some metric could not score
 */
public record EvaluationResult(
        RunRecord run,
        String method,
        String setting,
        EvaluationSettings settings,
        Map<String, WeightStamp> weights,
        Map<String, String> prompts,
        List<MetricResult> metrics,
        List<VideoFailure> failures) {
    /** Name of the file in an evaluation's folder. */
    public static final String FILE_NAME = "evaluation.json";

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** Prompts that a file lacks count as none. */
    public EvaluationResult {
        prompts = prompts == null ? Map.of() : prompts;
    }

    /** The result in {@code path}: the file itself or its folder. */
    public static EvaluationResult read(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve(FILE_NAME) : path;
        try {
            EvaluationResult result = JSON.readValue(Files.readString(file), EvaluationResult.class);
            if (result.run == null || result.metrics == null || result.settings == null || result.weights == null) {
                throw new IllegalArgumentException(file + ": no result of an evaluation");
            }
            return result;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ": no result of an evaluation: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** Writes {@value #FILE_NAME}, and the run's record for reports, into {@code folder}. */
    public void write(Path folder) {
        try {
            AtomicFile.write(folder.resolve(FILE_NAME), JSON.writeValueAsString(this) + "\n");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a result is always JSON: " + e.getOriginalMessage(), e);
        }
        AtomicFile.write(folder.resolve(RunRecord.FILE_NAME), run.toJson());
    }

    /** The result of {@code metric}. */
    public Optional<MetricResult> metric(String metric) {
        return metrics.stream().filter(result -> result.metric().equals(metric)).findFirst();
    }

    /** Method and bit widths, such as {@code q-arvd w4a8}. */
    String label() {
        return (method + " " + setting).strip();
    }
}
