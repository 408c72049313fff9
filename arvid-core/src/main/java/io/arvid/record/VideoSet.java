package io.arvid.record;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The same video by several models.
 *
 * @param prompt what was asked for
 * @param seed seed of the noise
 * @param framesPerSecond playing speed
 * @param chunkStarts index of each chunk's first frame
 * @param clips full precision first
 * @param contactSheet PNG of all clips, a row each; a path relative to the run's folder
 */
public record VideoSet(
        String prompt,
        long seed,
        double framesPerSecond,
        List<Integer> chunkStarts,
        List<Clip> clips,
        @Nullable String contactSheet) {
    /**
     * One model's video.
     *
     * @param method id of the method; {@code full-precision} for the source
     * @param setting bit widths; {@code bf16} and the like for the source
     * @param file MP4; a path relative to the run's folder
     * @param difference MP4 of the amplified per-frame difference from full precision; null for full precision itself
     * @param amplification factor of that difference
     */
    public record Clip(
            String method,
            String setting,
            String file,
            @Nullable String difference,
            double amplification) {}
}
