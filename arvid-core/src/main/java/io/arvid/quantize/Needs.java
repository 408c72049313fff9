package io.arvid.quantize;

/** What a method will use, declared so that a run is budgeted before it starts. */
public sealed interface Needs {
    /** The weights alone. */
    record WeightsOnly() implements Needs {}

    /**
     * Calibration roll-outs.
     *
     * @param prompts calibration prompts
     * @param rollouts roll-outs whose inputs are recorded
     * @param sensitivity what measuring chunk sensitivities takes, where they are used and not given
     * @param measured other roll-outs, of which the latents alone are used
     */
    record Rollouts(int prompts, int rollouts, Measured sensitivity, Measured measured) implements Needs {
        /** True where chunk sensitivities are used. */
        public boolean usesSensitivity() {
            return !sensitivity.equals(Measured.NONE);
        }
    }

    /**
     * A number of roll-outs that depends on how many chunks a video has.
     *
     * @param fixed whatever the number of chunks
     * @param perChunk more for each chunk
     */
    record Measured(int fixed, int perChunk) {
        /** None at all. */
        public static final Measured NONE = new Measured(0, 0);

        /** This {@code times} times. */
        public Measured times(int times) {
            return new Measured(times * fixed, times * perChunk);
        }

        /** This and {@code other}. */
        public Measured plus(Measured other) {
            return new Measured(fixed + other.fixed, perChunk + other.perChunk);
        }

        /** Roll-outs for videos of {@code chunks} chunks. */
        public int rollouts(int chunks) {
            return fixed + perChunk * chunks;
        }
    }

    /**
     * Training of the whole model.
     *
     * @param prompts training prompts
     * @param steps optimizer steps
     */
    record Training(int prompts, int steps) implements Needs {}
}
