package io.arvid.compare;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * How far one quantized model is from full precision, prompt by prompt on the same noise.
 *
 * @param key everything that the score depends on
 * @param name which model
 * @param setting bit widths
 * @param trained true where it was trained
 * @param bytes of the transformer's file
 * @param latentErrors mean squared difference of the latents
 * @param psnr of the decoded video, dB
 * @param words share of the prompt's words that the video fulfils
 * @param allRight 1 where it fulfils all of them
 * @param seconds that quantization took
 */
public record QatScore(
        String key,
        String name,
        String setting,
        boolean trained,
        long bytes,
        List<Double> latentErrors,
        List<Double> psnr,
        List<Double> words,
        List<Double> allRight,
        double seconds) {
    private static final JsonMapper JSON = new JsonMapper();

    /** Mean over prompts. */
    public static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    }

    /** Mean and standard deviation of numbers, one a seed; the deviation of one number is 0. */
    public static double[] meanAndDeviation(double... values) {
        double mean = Arrays.stream(values).average().orElse(Double.NaN);
        double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
        return new double[] {mean, values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1))};
    }

    static QatScore read(Path file) {
        try {
            return JSON.readValue(file.toFile(), QatScore.class);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e.getMessage(), e);
        }
    }

    QatScore write(Path file) {
        try {
            Files.createDirectories(file.getParent());
            AtomicFile.write(file, JSON.writeValueAsString(this) + "\n");
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e.getMessage(), e);
        }
    }
}
