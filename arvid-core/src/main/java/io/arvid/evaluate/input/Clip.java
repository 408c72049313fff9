package io.arvid.evaluate.input;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The files of one video.
 *
 * @param frames a video file or a folder of PNG files; null where there is none
 * @param latents a safetensors file; null where there is none
 */
public record Clip(@Nullable Path frames, @Nullable Path latents) {
    /** No files. */
    public static final Clip NONE = new Clip(null, null);
}
