package io.arvid.rollout;

import java.util.ArrayList;
import java.util.List;

/**
 * Which latent frames are written to the cache as given, and which are generated together.
 *
 * @param given chunks of given latents, numbered upwards to −1
 * @param generated chunks to generate, numbered from 0
 */
public record ChunkPlan(List<Chunk> given, List<Chunk> generated) {
    /**
     * Frames that pass through the model together.
     *
     * @param index number of the chunk; negative for given latents
     * @param startFrame first latent frame, counted over given and generated frames
     * @param frameCount latent frames
     */
    public record Chunk(int index, int startFrame, int frameCount) {
        /** The frame after the last. */
        public int endFrame() {
            return startFrame + frameCount;
        }
    }

    /**
     * Splits frames as the model of {@code config} was trained on: chunks of {@code framesPerChunk}, with a first chunk of one frame where the first
     * frame is independent.
     *
     * @param givenFrames clean latent frames to start from, 0 for none
     * @param noiseFrames latent frames to generate
     */
    public static ChunkPlan of(RolloutConfig config, int givenFrames, int noiseFrames) {
        boolean startsAlone = config.independentFirstFrame();
        List<Chunk> given = split("given", 0, givenFrames, config.framesPerChunk(), startsAlone && givenFrames > 0);
        List<Chunk> generated =
                split("noise", givenFrames, noiseFrames, config.framesPerChunk(), startsAlone && givenFrames == 0);
        List<Chunk> numbered = given.stream()
                .map(c -> new Chunk(c.index() - given.size(), c.startFrame(), c.frameCount()))
                .toList();
        return new ChunkPlan(numbered, generated);
    }

    private static List<Chunk> split(String what, int start, int frames, int perChunk, boolean startsAlone) {
        int alone = startsAlone ? 1 : 0;
        if (frames < 0 || (frames - alone) % perChunk != 0) {
            int below = Math.max(0, Math.floorDiv(frames - alone, perChunk)) * perChunk + alone;
            throw new IllegalArgumentException(frames + " " + what + " frames do not split into chunks of " + perChunk
                    + (startsAlone ? " after a first frame of its own" : "") + "; the nearest counts are " + below
                    + " and " + (below + perChunk));
        }
        List<Chunk> chunks = new ArrayList<>();
        int end = start + frames;
        for (int at = start; at < end; ) {
            int count = at == start && startsAlone ? 1 : perChunk;
            chunks.add(new Chunk(chunks.size(), at, count));
            at += count;
        }
        return List.copyOf(chunks);
    }

    /** Frames of all chunks. */
    public int frameCount() {
        return given.stream().mapToInt(Chunk::frameCount).sum()
                + generated.stream().mapToInt(Chunk::frameCount).sum();
    }
}
