package io.arvid.record;

/** Hears how far long work has come. The work reports; whoever listens decides what to show. */
@FunctionalInterface
public interface Progress {
    /** Nobody listens. */
    Progress SILENT = (name, steps) -> () -> {};

    /**
     * Begins a stage; close it when its work has ended.
     *
     * @param name what is being done, in a few words
     * @param steps equal steps that the stage will take, at least 1
     */
    Stage begin(String name, long steps);

    /** One stage that is under way. Steps may come from several threads. */
    @FunctionalInterface
    interface Stage extends AutoCloseable {
        /** One more step is done. */
        default void step() {
            step(1);
        }

        /** {@code steps} more steps are done. */
        default void step(long steps) {}

        /** {@code steps} more steps were done by an earlier run: they took no time and say nothing of the time that is left. */
        default void resume(long steps) {
            step(steps);
        }

        @Override
        void close();
    }
}
