package io.arvid.evaluate.suite;

/** What a metric looks at. */
public enum MetricInput {
    /** The decoded frames of a video and of its reference. */
    FRAME_PAIR,
    /** The latents of a video and of its reference. */
    LATENT_PAIR,
    /** The decoded frames of a video. */
    FRAMES,
    /** The decoded frames of a video and its prompt. */
    PROMPTED_FRAMES,
    /** Features of every video, and those of every reference: the distance is one of the two sets. */
    FEATURES
}
