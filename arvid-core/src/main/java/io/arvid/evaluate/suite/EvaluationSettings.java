package io.arvid.evaluate.suite;

import io.arvid.evaluate.ChunkFrames;
import io.arvid.evaluate.PairedBootstrap;
import java.util.Collections;

/**
 * What shapes the numbers of an evaluation, besides its files.
 *
 * @param chunkLatentFrames latent frames a chunk
 * @param stride decoded frames a latent frame; the first latent frame is one decoded frame
 * @param expectedFrames frames that every video must have; 0 for any number
 * @param framesPerSecond of the videos
 * @param resamples draws of the bootstrap
 * @param confidence level of the intervals
 * @param seed of the bootstrap
 */
public record EvaluationSettings(
        int chunkLatentFrames,
        int stride,
        int expectedFrames,
        double framesPerSecond,
        int resamples,
        double confidence,
        long seed) {
    /** As the papers: chunks of three latent frames, four decoded frames a latent frame, 16 a second. */
    public static final EvaluationSettings DEFAULT = new EvaluationSettings(3, 4, 0, 16, 2000, 0.95, 0);

    /** Refuses chunks and strides below 1, and what no bootstrap can be made of. */
    public EvaluationSettings {
        new PairedBootstrap(resamples, confidence, seed);
        if (chunkLatentFrames < 1 || stride < 1 || expectedFrames < 0 || !(framesPerSecond > 0)) {
            throw new IllegalArgumentException(
                    "chunks and strides need at least one frame, frames a second must be positive");
        }
    }

    /** The bootstrap. */
    public PairedBootstrap bootstrap() {
        return new PairedBootstrap(resamples, confidence, seed);
    }

    /** The chunks that cover {@code frames} latent or decoded frames. */
    ChunkFrames chunks(int frames, boolean latent) {
        int latentFrames = latent ? frames : 1 + Math.ceilDiv(frames - 1, stride);
        int count = Math.ceilDiv(latentFrames, chunkLatentFrames);
        ChunkFrames chunks = ChunkFrames.ofSizes(Collections.nCopies(count, chunkLatentFrames));
        return latent ? chunks : chunks.decoded(stride);
    }
}
