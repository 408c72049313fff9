package io.arvid.evaluate;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * A metric by chunk of the video: errors of an autoregressive model pile up, so the curve tells more than the mean.
 *
 * @param byChunk mean over the frames of each chunk; NaN where no number belongs to the chunk
 */
public record DriftCurve(double[] byChunk) {
    /**
     * Curve of one video.
     *
     * @param scores numbers of a metric, each belonging to a frame
     * @param frameOf the frame of number {@code index}
     * @param chunkStarts first frame of each chunk, rising from 0
     */
    public static DriftCurve of(double[] scores, IntUnaryOperator frameOf, List<Integer> chunkStarts) {
        double[] sums = new double[chunkStarts.size()];
        int[] counts = new int[chunkStarts.size()];
        int chunk = 0;
        for (int i = 0; i < scores.length; i++) {
            while (chunk + 1 < sums.length && frameOf.applyAsInt(i) >= chunkStarts.get(chunk + 1)) {
                chunk++;
            }
            sums[chunk] += scores[i];
            counts[chunk]++;
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] = counts[i] == 0 ? Double.NaN : sums[i] / counts[i];
        }
        return new DriftCurve(sums);
    }

    /** Mean of the curves of several videos, chunk by chunk, over those that have the chunk. */
    public static DriftCurve mean(List<DriftCurve> curves) {
        int chunks =
                curves.stream().mapToInt(curve -> curve.byChunk.length).max().orElse(0);
        double[] mean = new double[chunks];
        for (int i = 0; i < chunks; i++) {
            int chunk = i;
            mean[i] = curves.stream()
                    .filter(curve -> curve.byChunk.length > chunk && !Double.isNaN(curve.byChunk[chunk]))
                    .mapToDouble(curve -> curve.byChunk[chunk])
                    .average()
                    .orElse(Double.NaN);
        }
        return new DriftCurve(mean);
    }

    /** The last chunk's value less the first's. */
    public double drift() {
        double[] known =
                Arrays.stream(byChunk).filter(value -> !Double.isNaN(value)).toArray();
        return known.length == 0 ? Double.NaN : known[known.length - 1] - known[0];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DriftCurve curve && Arrays.equals(byChunk, curve.byChunk);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(byChunk);
    }

    @Override
    public String toString() {
        return "DriftCurve" + Arrays.toString(byChunk);
    }
}
