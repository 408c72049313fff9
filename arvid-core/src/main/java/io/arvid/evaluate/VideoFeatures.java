package io.arvid.evaluate;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A network that sums a video up in one vector; sets of such vectors are compared by {@link FrechetDistance}. */
public interface VideoFeatures extends AutoCloseable {
    /** Features {@code [D]} of a video {@code [T, 3, H, W]} with at least {@link #fewestFrames} frames, uint8 or floating in [0, 1]. */
    float[] of(Tensor video);

    /** Name of the distance in reports: {@code fvd}, {@code fvd-shapes}. */
    String id();

    /**
     * Features of the whole video, then of each of its chunks. A chunk that is shorter than {@link #fewestFrames} borrows the frames that follow it, or at
     * the end those before it.
     *
     * @param starts first frame of each chunk
     */
    default List<float[]> ofWholeAndChunks(Tensor video, List<Integer> starts) {
        int count = (int) video.size(0);
        List<float[]> parts = new ArrayList<>(List.of(of(video)));
        for (int chunk = 0; chunk < starts.size(); chunk++) {
            int end = chunk + 1 < starts.size() ? starts.get(chunk + 1) : count;
            int borrowedEnd = Math.min(count, Math.max(end, starts.get(chunk) + fewestFrames()));
            int start = Math.max(0, Math.min(starts.get(chunk), borrowedEnd - fewestFrames()));
            try (TensorScope scope = TensorScope.open()) {
                parts.add(of(Ops.slice(video, 0, start, borrowedEnd)));
            }
        }
        return parts;
    }

    /** Shorter videos have no features. */
    int fewestFrames();

    @Override
    void close();
}
