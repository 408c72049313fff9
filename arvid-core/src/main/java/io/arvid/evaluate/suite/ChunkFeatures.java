package io.arvid.evaluate.suite;

import io.arvid.evaluate.VideoFeatures;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** Features of a whole video and of each of its chunks as {@link Scores}, for distances of sets. */
final class ChunkFeatures {
    private ChunkFeatures() {}

    /** Features one after the other, the whole video's first; {@code frames} holds the video's length, then the first frame of each chunk. */
    static Scores of(VideoFeatures network, Tensor video, EvaluationSettings settings) {
        List<Integer> starts = settings.chunks((int) video.size(0), false).starts();
        List<float[]> parts = network.ofWholeAndChunks(video, starts);
        return new Scores(
                parts.stream().flatMapToDouble(ChunkFeatures::doubles).toArray(),
                IntStream.concat(
                                IntStream.of((int) video.size(0)),
                                starts.stream().mapToInt(Integer::intValue))
                        .toArray());
    }

    /** Refuses a pair of different lengths. */
    static void requirePair(Scores video, Scores reference) {
        if (video.frames()[0] != reference.frames()[0]) {
            throw new IllegalArgumentException("the video has " + video.frames()[0] + " frames, its reference "
                    + reference.frames()[0]);
        }
    }

    /** Chunks that {@code features} cover. */
    static int chunks(Scores features) {
        return features.frames().length - 1;
    }

    /** The whole video's features for {@code part} 0, else those of chunk {@code part − 1}. */
    static double[] part(Scores features, int part) {
        int size = features.values().length / features.frames().length;
        return Arrays.copyOfRange(features.values(), part * size, (part + 1) * size);
    }

    private static DoubleStream doubles(float[] values) {
        double[] doubles = new double[values.length];
        Arrays.setAll(doubles, i -> values[i]);
        return Arrays.stream(doubles);
    }
}
