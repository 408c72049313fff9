package io.arvid.quantize.adaround;

/** {@link Adam} on a few scales in an array. */
final class ScaleAdam {
    static final double BETA1 = 0.9;
    static final double BETA2 = 0.999;
    static final double EPSILON = 1e-8;

    /** Trained input scales stay at or above this share of their start: Adam's steps are absolute, and may be larger than a scale. */
    static final float LEAST_SHARE = 0.01f;

    private final float[] values;
    private final float[] mean;
    private final float[] square;
    private int step;

    /** Optimizes {@code values} in place. */
    ScaleAdam(float[] values) {
        this.values = values;
        this.mean = new float[values.length];
        this.square = new float[values.length];
    }

    float[] values() {
        return values;
    }

    /** One step against {@code gradient}. */
    void step(float[] gradient, double learningRate) {
        step++;
        float rate = (float) (learningRate / (1 - Math.pow(BETA1, step)));
        float correction = (float) Math.sqrt(1 - Math.pow(BETA2, step));
        for (int i = 0; i < values.length; i++) {
            float g = gradient[i];
            mean[i] += (float) (1 - BETA1) * (g - mean[i]);
            square[i] = (float) BETA2 * square[i] + (float) (1 - BETA2) * g * g;
            values[i] -= rate * (mean[i] / ((float) Math.sqrt(square[i]) / correction + (float) EPSILON));
        }
    }
}
