package io.arvid.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Which frames of a clip belong to which chunk.
 *
 * @param ends one past the last frame of each chunk, rising
 */
public record ChunkFrames(List<Integer> ends) {
    /** Copies the list. */
    public ChunkFrames {
        ends = List.copyOf(ends);
        for (int k = 0; k < ends.size(); k++) {
            if (ends.get(k) <= (k == 0 ? 0 : ends.get(k - 1))) {
                throw new IllegalArgumentException("every chunk needs a frame; the chunks end at " + ends);
            }
        }
    }

    /** Chunks of these many frames, one after the other. */
    public static ChunkFrames ofSizes(List<Integer> framesPerChunk) {
        List<Integer> ends = new ArrayList<>();
        int end = 0;
        for (int frames : framesPerChunk) {
            end += frames;
            ends.add(end);
        }
        return new ChunkFrames(ends);
    }

    /** The same chunks in decoded frames: the first latent frame becomes one frame, every other {@code stride} (Wan: 4). */
    public ChunkFrames decoded(int stride) {
        return new ChunkFrames(ends.stream().map(end -> 1 + stride * (end - 1)).toList());
    }

    /** Number of chunks. */
    public int count() {
        return ends.size();
    }

    /** First frame of each chunk. */
    public List<Integer> starts() {
        List<Integer> starts = new ArrayList<>(List.of(0));
        starts.addAll(ends.subList(0, ends.size() - 1));
        return starts;
    }

    /** Mean of {@code perFrame} over the frames of chunk {@code chunk}. */
    public double mean(double[] perFrame, int chunk) {
        if (perFrame.length != ends.getLast()) {
            throw new IllegalArgumentException(
                    "the chunks have " + ends.getLast() + " frames together; there are " + perFrame.length);
        }
        return FrameScores.mean(Arrays.copyOfRange(perFrame, starts().get(chunk), ends.get(chunk)));
    }
}
