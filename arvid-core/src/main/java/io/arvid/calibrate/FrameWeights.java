package io.arvid.calibrate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * How much each chunk's error counts (Q-ARVD, equation 5): the sensitivities α of the chunks, used relative to their mean.
 *
 * @param alpha sensitivity of each chunk, non-negative, not all zero
 */
public record FrameWeights(List<Double> alpha) {
    /** Checks the sensitivities. */
    public FrameWeights {
        alpha = List.copyOf(alpha);
        if (alpha.stream().anyMatch(a -> !(a >= 0) || a.isInfinite())
                || alpha.stream().mapToDouble(a -> a).sum() <= 0) {
            throw new IllegalArgumentException("chunk sensitivities must be non-negative and not all zero: " + alpha);
        }
    }

    /** The same weight for {@code chunks} chunks. */
    public static FrameWeights uniform(int chunks) {
        return new FrameWeights(Collections.nCopies(chunks, 1.0));
    }

    /** Of an array. */
    public static FrameWeights of(double... alpha) {
        return new FrameWeights(Arrays.stream(alpha).boxed().toList());
    }

    /**
     * The {@code alpha} in {@code file}, as {@code arvid sensitivity} writes it.
     *
     * @param chunks how many there must be
     * @throws IllegalArgumentException naming the file and what is wrong with it
     */
    public static FrameWeights read(Path file, int chunks) {
        try {
            JsonNode alpha = new JsonMapper().readTree(file.toFile()).path("alpha");
            if (!alpha.isArray()
                    || alpha.size() != chunks
                    || !alpha.valueStream().allMatch(JsonNode::isNumber)) {
                throw new IllegalArgumentException("'alpha' must be an array of " + chunks
                        + " numbers, one for each chunk" + (alpha.isMissingNode() ? "" : ", not " + alpha));
            }
            return of(alpha.valueStream().mapToDouble(JsonNode::asDouble).toArray());
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": cannot be read: " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    /** The paper's comparison {@code 2^−i} (its Table 4). */
    public static FrameWeights halving(int chunks) {
        return new FrameWeights(
                IntStream.range(0, chunks).mapToObj(i -> Math.pow(2, -i)).toList());
    }

    /** The paper's comparison with the last chunk first (its Table 4). */
    public FrameWeights reversed() {
        return new FrameWeights(alpha.reversed());
    }

    /** {@code α_chunk / mean(α)}. */
    public double of(int chunk) {
        return alpha.get(chunk) / (alpha.stream().mapToDouble(a -> a).sum() / alpha.size());
    }

    /** The weight of each sample, given the chunk that it is from: float32 {@code [N]}. */
    public Tensor ofSamples(long[] chunks) {
        float[] weights = new float[chunks.length];
        for (int i = 0; i < chunks.length; i++) {
            weights[i] = (float) of((int) chunks[i]);
        }
        return Tensors.of(weights, chunks.length);
    }
}
