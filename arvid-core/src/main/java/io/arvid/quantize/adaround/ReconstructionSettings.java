package io.arvid.quantize.adaround;

/**
 * Settings of a layer's reconstruction.
 *
 * @param iterations optimizer steps
 * @param batchSize samples of a step
 * @param roundingRate learning rate of the rounding variables
 * @param inputRate learning rate of the input scales, falling to zero along a cosine; 0 leaves them as they are
 * @param roundingWeight weight of the rounding loss
 * @param warmup share of the iterations before the rounding loss sets in
 * @param betaStart exponent of the rounding loss after the warm-up
 * @param betaEnd exponent of the rounding loss at the end
 */
public record ReconstructionSettings(
        int iterations,
        int batchSize,
        double roundingRate,
        double inputRate,
        double roundingWeight,
        double warmup,
        double betaStart,
        double betaEnd) {
    /** Checks what would end in an endless or empty loop, in steps uphill or in a rounding loss without a slope. */
    public ReconstructionSettings {
        if (iterations < 1 || batchSize < 1 || !(warmup >= 0 && warmup < 1)) {
            throw new IllegalArgumentException("a reconstruction of " + iterations + " iterations of " + batchSize
                    + " samples with a warm-up of " + warmup);
        }
        if (!(roundingRate >= 0) || !(inputRate >= 0) || !(roundingWeight >= 0)) {
            throw new IllegalArgumentException("roundingRate " + roundingRate + ", inputRate " + inputRate
                    + " and roundingWeight " + roundingWeight + "; none may be negative");
        }
        if (!(betaStart >= 1 && betaEnd >= 1)) {
            throw new IllegalArgumentException("betaStart " + betaStart + " and betaEnd " + betaEnd
                    + ": the exponent of the rounding loss must be 1 or more");
        }
    }

    /**
     * Choices that Q-ARVD's paper and its official code make differently.
     *
     * @param cosineOnRounding true to let the learning rate of the rounding variables fall along the cosine too
     * @param trainWeightScales true to train the weight scales too, relative to where they start, at the rate of the input scales
     */
    public record Extras(boolean cosineOnRounding, boolean trainWeightScales) {
        /** As the official code. */
        public static final Extras NONE = new Extras(false, false);
    }

    /** The settings of Q-ARVD's official code. */
    public static ReconstructionSettings official() {
        return new ReconstructionSettings(2000, 8, 2e-3, 4e-5, 0.01, 0.2, 20, 2);
    }

    /** Learning rate factor of iteration {@code index} (from 0): {@code (1 + cos(π·index / iterations)) / 2}. */
    double cosine(int index) {
        return (1 + Math.cos(Math.PI * index / iterations)) / 2;
    }

    /** Exponent of the rounding loss in iteration {@code count} (from 1); 0 during the warm-up. */
    double beta(int count) {
        double start = warmup * iterations;
        if (count < start) {
            return 0;
        }
        double passed = (count - start) / (iterations - start);
        return betaEnd + (betaStart - betaEnd) * Math.max(0, 1 - passed);
    }
}
