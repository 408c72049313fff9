package io.arvid.quantize.qarvd;

import io.arvid.calibrate.FrameWeights;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a sensitivity measurement found: mean squared latent errors, {@code [prompt][frame]} each.
 *
 * @param chunks with one chunk quantized, {@code [chunk][prompt][frame]}: the published measure
 * @param textPath with the text path quantized alone (cross-attention keys and values, text embedding), which runs once a video, in chunk 0
 * @param firstWithoutText with chunk 0 quantized but for the text path
 */
public record Sensitivity(
        List<List<List<Double>>> chunks, List<List<Double>> textPath, List<List<Double>> firstWithoutText) {
    /** Number of chunks. */
    public int chunkCount() {
        return chunks.size();
    }

    /** Number of prompts. */
    public int promptCount() {
        return textPath.size();
    }

    /** Error with chunk k quantized, mean over prompts and frames, for each k. */
    public double[] errors() {
        return chunks.stream().mapToDouble(Sensitivity::mean).toArray();
    }

    /** The same, with the text path charged to no chunk: later chunks never quantize it, so only the first differs. */
    public double[] errorsWithoutText() {
        double[] errors = errors();
        errors[0] = mean(firstWithoutText);
        return errors;
    }

    /** Error with the text path quantized alone, mean over prompts and frames. */
    public double textPathError() {
        return mean(textPath);
    }

    /** Published sensitivities α: {@link #errors} over their sum. */
    public double[] alpha() {
        return normalized(errors());
    }

    /** {@link #errorsWithoutText} over their sum. */
    public double[] alphaWithoutText() {
        return normalized(errorsWithoutText());
    }

    /** Error of one prompt with chunk k quantized, mean over frames, for each k. */
    public double[] errorsOfPrompt(int prompt) {
        return chunks.stream()
                .mapToDouble(prompts -> meanOf(prompts.get(prompt)))
                .toArray();
    }

    /** The published sensitivities as weights of the loss. */
    public FrameWeights weights() {
        return FrameWeights.of(alpha());
    }

    private static double[] normalized(double[] errors) {
        double sum = java.util.Arrays.stream(errors).sum();
        return java.util.Arrays.stream(errors).map(e -> e / sum).toArray();
    }

    private static double mean(List<List<Double>> prompts) {
        return prompts.stream().mapToDouble(Sensitivity::meanOf).average().orElseThrow();
    }

    private static double meanOf(List<Double> frames) {
        return frames.stream().mapToDouble(e -> e).average().orElseThrow();
    }

    /** Error of each frame with chunk {@code chunk} quantized, mean over prompts. */
    public double[] frameErrors(int chunk) {
        List<List<Double>> prompts = chunks.get(chunk);
        return IntStream.range(0, prompts.getFirst().size())
                .mapToDouble(frame -> prompts.stream()
                        .mapToDouble(frames -> frames.get(frame))
                        .average()
                        .orElseThrow())
                .toArray();
    }
}
