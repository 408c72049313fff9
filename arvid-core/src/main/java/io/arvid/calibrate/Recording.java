package io.arvid.calibrate;

import io.arvid.model.LinearSite;

/** Inputs of linear layers, recorded while a model rolled out; in memory or on disk. */
public interface Recording extends AutoCloseable {
    /**
     * What was recorded of the input of {@code site}; passes with more tokens than the shortest give a random subset of that size.
     *
     * @throws IllegalArgumentException where nothing was
     */
    Samples samples(LinearSite site);

    /**
     * Ranges of the channels of the input of {@code site}.
     *
     * @throws IllegalArgumentException where they were not recorded
     */
    Extremes extremes(LinearSite site);

    /** Bytes of memory that it holds. */
    long bytes();

    @Override
    void close();
}
