package io.arvid.evaluate.suite;

import io.arvid.evaluate.VideoFeatures;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Features of a whole video and of each of its chunks, for distances of sets. A chunk that is shorter than the network needs borrows the frames that
 * follow it, or at the end those before it.
 */
final class ChunkFeatures {
    private ChunkFeatures() {}

    /** Features one after the other, the whole video's first; {@code frames} holds the first frame of each. */
    static Scores of(VideoFeatures network, Tensor video, EvaluationSettings settings) {
        int count = (int) video.size(0);
        List<float[]> parts = new ArrayList<>(List.of(network.of(video)));
        List<Integer> first = new ArrayList<>(List.of(0));
        List<Integer> starts = settings.chunks(count, false).starts();
        for (int chunk = 0; chunk < starts.size(); chunk++) {
            int end = chunk + 1 < starts.size() ? starts.get(chunk + 1) : count;
            int borrowedEnd = Math.min(count, Math.max(end, starts.get(chunk) + network.fewestFrames()));
            int start = Math.max(0, Math.min(starts.get(chunk), borrowedEnd - network.fewestFrames()));
            try (TensorScope scope = TensorScope.open()) {
                parts.add(network.of(Ops.slice(video, 0, start, borrowedEnd)));
            }
            first.add(starts.get(chunk));
        }
        return new Scores(
                parts.stream().flatMapToDouble(ChunkFeatures::doubles).toArray(),
                first.stream().mapToInt(Integer::intValue).toArray());
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

    private static java.util.stream.DoubleStream doubles(float[] values) {
        double[] doubles = new double[values.length];
        Arrays.setAll(doubles, i -> values[i]);
        return Arrays.stream(doubles);
    }
}
