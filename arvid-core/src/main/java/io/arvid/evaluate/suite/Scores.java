package io.arvid.evaluate.suite;

import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * A metric's numbers of one video.
 *
 * @param values the numbers
 * @param frames the frame that each belongs to; empty where they belong to the whole video; of {@link ChunkFeatures}, what that says
 */
record Scores(double[] values, int[] frames) {
    static Scores perFrame(double[] values, IntUnaryOperator frameOf) {
        return new Scores(values, IntStream.range(0, values.length).map(frameOf).toArray());
    }

    static Scores whole(double... values) {
        return new Scores(values, new int[0]);
    }

    boolean hasFrames() {
        return frames.length > 0;
    }
}
