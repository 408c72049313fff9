package io.arvid.rollout.preset;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * Size of a video.
 *
 * @param height pixel rows, a multiple of 16
 * @param width pixel columns, a multiple of 16
 * @param frames frames, 1 more than a multiple of 4
 * @param fps frames a second
 */
public record VideoSize(
        @JsonProperty("height") int height,
        @JsonProperty("width") int width,
        @JsonProperty("frames") int frames,
        @JsonProperty("fps") double fps) {
    private static final int SPACE_FACTOR = 8;
    private static final int TIME_FACTOR = 4;
    private static final int PATCH = 2;

    /** Checks that the video splits into latents and patches. */
    public VideoSize {
        int unit = SPACE_FACTOR * PATCH;
        if (height < unit || width < unit || height % unit != 0 || width % unit != 0) {
            throw new IllegalArgumentException(height + "x" + width + " pixels: height and width must be multiples of "
                    + unit + "; the nearest are " + nearest(height, unit) + "x" + nearest(width, unit));
        }
        if (frames < 1 || frames % TIME_FACTOR != 1) {
            int below = Math.max(0, (frames - 1) / TIME_FACTOR) * TIME_FACTOR + 1;
            throw new IllegalArgumentException(frames + " frames: there must be 1 more than a multiple of "
                    + TIME_FACTOR + ", such as " + below + " or " + (below + TIME_FACTOR));
        }
        if (!(fps > 0)) {
            throw new IllegalArgumentException("fps must be positive, not " + fps);
        }
    }

    private static int nearest(int size, int unit) {
        return Math.max(1, Math.round((float) size / unit)) * unit;
    }

    /** Latent frames. */
    public int latentFrames() {
        return (frames - 1) / TIME_FACTOR + 1;
    }

    /** Rows of a latent frame. */
    public int latentHeight() {
        return height / SPACE_FACTOR;
    }

    /** Columns of a latent frame. */
    public int latentWidth() {
        return width / SPACE_FACTOR;
    }

    /** Tokens of a latent frame. */
    public int tokensPerFrame() {
        return latentHeight() / PATCH * (latentWidth() / PATCH);
    }
}
