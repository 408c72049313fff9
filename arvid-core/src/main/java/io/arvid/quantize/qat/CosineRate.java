package io.arvid.quantize.qat;

/**
 * A share of the peak learning rate: a straight rise, then one cosine to zero.
 *
 * @param warmUpSteps steps of the rise
 * @param totalSteps steps of the run
 */
record CosineRate(long warmUpSteps, long totalSteps) {
    /** Share in step {@code step}, counted from 0. */
    double at(long step) {
        if (step < warmUpSteps) {
            return (step + 1.0) / warmUpSteps;
        }
        double progress = (double) (step - warmUpSteps) / Math.max(1, totalSteps - warmUpSteps);
        return (1 + Math.cos(Math.PI * Math.min(progress, 1))) / 2;
    }
}
