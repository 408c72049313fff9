package io.arvid.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * One run, as data: enough to repeat it and everything that a report shows of it.
 *
 * @param command the command line, from {@code arvid} on
 * @param began when it began, in UTC, such as {@code 2026-11-21T22:00:00Z}
 * @param source which sources ran
 * @param model name of the model
 * @param modelHash SHA-256 of the model's weights; empty where the run used none
 * @param recipes the recipes that were used
 * @param seeds by what they were used for
 * @param machine where it ran
 * @param stages what it cost
 * @param findings what came out
 */
public record RunRecord(
        String command,
        String began,
        SourceStamp source,
        String model,
        String modelHash,
        List<RecipeStamp> recipes,
        Map<String, Long> seeds,
        MachineStamp machine,
        List<StageRecord> stages,
        Findings findings) {
    /** Name of the file in a run's folder. */
    public static final String FILE_NAME = "run.json";

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** The record in {@code folder}. */
    public static RunRecord read(Path folder) {
        Path file = folder.resolve(FILE_NAME);
        try {
            return JSON.readValue(Files.readString(file), RunRecord.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ": no record of a run: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** This record as JSON, the same text for the same record. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record is always JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** Largest resident memory of all stages, in bytes; 0 where the system does not tell. */
    public long peakBytes() {
        return stages.stream().mapToLong(StageRecord::peakBytes).max().orElse(0);
    }
}
