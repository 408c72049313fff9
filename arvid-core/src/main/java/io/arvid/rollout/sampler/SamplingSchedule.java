package io.arvid.rollout.sampler;

/**
 * Noise levels of a sampling run. With noise level σ a latent is {@code (1 − σ) · clean + σ · noise}.
 *
 * @param sigmas float32 noise levels before each step and after the last one, which is 0
 * @param timesteps what the network is told before each step: {@code 1000 · σ}, truncated
 */
public record SamplingSchedule(double[] sigmas, long[] timesteps) {
    private static final int TRAINING_STEPS = 1000;

    /** From the highest noise level that the model was trained on, 0.999 (Wan2.1 FlowUniPCMultistepScheduler). */
    public static SamplingSchedule belowOne(int steps, double shift) {
        return shifted((float) (1 - 1.0 / TRAINING_STEPS), steps, shift);
    }

    /** From pure noise, σ = 1 (Wan2.1 get_sampling_sigmas with FlowDPMSolverMultistepScheduler). */
    public static SamplingSchedule fromOne(int steps, double shift) {
        return shifted(1, steps, shift);
    }

    /** Evenly from {@code first} to 0, then {@code shift · σ / (1 + (shift − 1) · σ)}, all in float64 as the reference does, stored in float32. */
    private static SamplingSchedule shifted(double first, int steps, double shift) {
        if (steps < 1) {
            throw new IllegalArgumentException("a sampler needs at least one step, not " + steps);
        }
        double[] sigmas = new double[steps + 1];
        long[] timesteps = new long[steps];
        double stride = -first / steps;
        for (int i = 0; i < steps; i++) {
            double even = i * stride + first;
            double sigma = shift * even / (1 + (shift - 1) * even);
            sigmas[i] = (float) sigma;
            timesteps[i] = (long) (sigma * TRAINING_STEPS);
        }
        return new SamplingSchedule(sigmas, timesteps);
    }

    /** Number of steps. */
    public int steps() {
        return timesteps.length;
    }

    /** λ = log((1 − σ) / σ) of noise level {@code index}: −∞ for pure noise, +∞ for none. */
    double logSnr(int index) {
        return Math.log(1 - sigmas[index]) - Math.log(sigmas[index]);
    }

    /** Share of the clean latent at noise level {@code index}. */
    double alpha(int index) {
        return 1 - sigmas[index];
    }
}
