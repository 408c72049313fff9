package io.arvid.evaluate;

import org.bytedeco.pytorch.Tensor;

/** A network that sums a video up in one vector; sets of such vectors are compared by {@link FrechetDistance}. */
public interface VideoFeatures extends AutoCloseable {
    /** Features {@code [D]} of a video {@code [T, 3, H, W]} with at least {@link #fewestFrames} frames, uint8 or floating in [0, 1]. */
    float[] of(Tensor video);

    /** Shorter videos have no features. */
    int fewestFrames();

    @Override
    void close();
}
