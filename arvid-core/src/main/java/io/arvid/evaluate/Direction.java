package io.arvid.evaluate;

/** Which way a metric improves. */
public enum Direction {
    HIGHER_IS_BETTER,
    LOWER_IS_BETTER;

    /** True where {@code candidate} is strictly better than {@code other}. */
    public boolean better(double candidate, double other) {
        return this == HIGHER_IS_BETTER ? candidate > other : candidate < other;
    }
}
