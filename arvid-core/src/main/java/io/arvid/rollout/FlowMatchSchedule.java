package io.arvid.rollout;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import org.bytedeco.pytorch.Tensor;

/**
 * Noise levels of flow matching, x_t = (1 − σ)·clean + σ·noise, on a grid of falling σ (Self-Forcing {@code utils/scheduler.py}
 * FlowMatchScheduler with sigma_min 0 and one extra step).
 *
 * <p>σ_i = shift·s_i / (1 + (shift − 1)·s_i) with s_i = 1 − i/steps for i = 0 … steps − 1, and timestep_i = 1000·σ_i; all in float32. Any timestep stands
 * for the grid entry nearest to it, the first of equals, so that timestep 0 means the last σ, which is not 0.
 */
public final class FlowMatchSchedule {
    /** Timesteps run from 0 to this. */
    public static final int TRAINING_STEPS = 1000;

    private final float[] sigmas;
    private final float[] timesteps;
    private final float[] trainingWeights;

    /** A grid of {@code steps} noise levels; {@code shift} above 1 spends more of them on high noise. */
    public FlowMatchSchedule(double shift, int steps) {
        if (!(shift > 0) || steps < 1) {
            throw new IllegalArgumentException(
                    "a schedule needs a positive shift and at least one step, not shift " + shift + ", steps " + steps);
        }
        this.sigmas = sigmas((float) shift, steps);
        this.timesteps = new float[steps];
        for (int i = 0; i < steps; i++) {
            timesteps[i] = sigmas[i] * TRAINING_STEPS;
        }
        this.trainingWeights = trainingWeights(timesteps);
    }

    /** The grid that the models are trained on. */
    public FlowMatchSchedule(double shift) {
        this(shift, TRAINING_STEPS);
    }

    private static float[] sigmas(float shift, int steps) {
        float[] sigmas = new float[steps];
        float spacing = -1f / steps;
        for (int i = 0; i < steps; i++) {
            // Bit-equal to torch.linspace(1, 0, steps + 1): both halves count from their own end, with fused
            // multiply-add.
            float s = i < (steps + 1) / 2 ? Math.fma(spacing, i, 1f) : -spacing * (steps - i);
            sigmas[i] = shift * s / (1 + (shift - 1) * s);
        }
        return sigmas;
    }

    /** Gaussian bump around the middle timestep, lowered to start at 0 and scaled to a mean of 1. */
    private static float[] trainingWeights(float[] timesteps) {
        float[] weights = new float[timesteps.length];
        float lowest = Float.MAX_VALUE;
        for (int i = 0; i < weights.length; i++) {
            float centred = (timesteps[i] - weights.length / 2f) / weights.length;
            weights[i] = (float) Math.exp(-2 * (centred * centred));
            lowest = Math.min(lowest, weights[i]);
        }
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] -= lowest;
            sum += weights[i];
        }
        float scale = sum == 0 ? 1 : (float) (weights.length / sum);
        for (int i = 0; i < weights.length; i++) {
            weights[i] *= scale;
        }
        return weights;
    }

    /** σ of every grid entry, falling from 1. */
    public float[] sigmas() {
        return sigmas.clone();
    }

    /** Timestep of every grid entry, falling from 1000. */
    public float[] timesteps() {
        return timesteps.clone();
    }

    /** Weight of the training loss at every grid entry; their mean is 1. */
    public float[] trainingWeights() {
        return trainingWeights.clone();
    }

    /** Index of the grid entry nearest to {@code timestep}, the first of equals. */
    public int index(double timestep) {
        float t = (float) timestep;
        int nearest = 0;
        for (int i = 1; i < timesteps.length; i++) {
            if (Math.abs(timesteps[i] - t) < Math.abs(timesteps[nearest] - t)) {
                nearest = i;
            }
        }
        return nearest;
    }

    /** σ of the grid entry nearest to {@code timestep}. */
    public float sigma(double timestep) {
        return sigmas[index(timestep)];
    }

    /** Weight of the training loss at the grid entry nearest to {@code timestep}. */
    public float trainingWeight(double timestep) {
        return trainingWeights[index(timestep)];
    }

    /** The timestep that an unshifted denoising step 0 … 1000 becomes on this grid, which must have 1000 entries. */
    public float warp(int step) {
        if (timesteps.length != TRAINING_STEPS || step < 0 || step > TRAINING_STEPS) {
            throw new IllegalArgumentException("denoising step " + step + " is outside 0 … " + TRAINING_STEPS
                    + ", or the grid has " + timesteps.length + " entries instead of " + TRAINING_STEPS);
        }
        return step == 0 ? 0 : timesteps[TRAINING_STEPS - step];
    }

    /**
     * {@code (1 − σ)·clean + σ·noise}, with σ in float32.
     *
     * @param clean {@code [...]}
     * @param noise same shape
     * @param timesteps {@code timesteps.shape} are the first dimensions of clean, or 1 where they share a timestep
     * @return in the dtype of noise
     */
    public Tensor addNoise(Tensor clean, Tensor noise, Tensor timesteps) {
        Tensor sigma = sigmas(timesteps, clean.dim(), DTypes.F32);
        Tensor kept = Ops.add(sigma.neg(), 1).mul(clean);
        return Ops.toTypeOf(kept.add(sigma.mul(noise)), noise);
    }

    /** {@code noisy − σ·flow} in float64, cast back to flow's dtype: the clean sample that a flow prediction points to. */
    public Tensor cleanFromFlow(Tensor noisy, Tensor flow, Tensor timesteps) {
        Tensor sigma = sigmas(timesteps, flow.dim(), DTypes.F64);
        return Ops.toTypeOf(Ops.toF64(noisy).sub(sigma.mul(Ops.toF64(flow))), flow);
    }

    /** {@code (noisy − clean) / σ} in float64, cast back to clean's dtype: the flow that points to {@code clean}. */
    public Tensor flowFromClean(Tensor noisy, Tensor clean, Tensor timesteps) {
        Tensor sigma = sigmas(timesteps, clean.dim(), DTypes.F64);
        return Ops.toTypeOf(Ops.toF64(noisy).sub(Ops.toF64(clean)).div(sigma), clean);
    }

    /** One Euler step down the grid: {@code sample + flow·(σ_next − σ)}; the σ after the last is 0. */
    public Tensor step(Tensor flow, Tensor sample, Tensor timesteps) {
        Tensor difference =
                grid(timesteps, flow.dim(), DTypes.F32, i -> (i + 1 < sigmas.length ? sigmas[i + 1] : 0f) - sigmas[i]);
        return sample.add(flow.mul(difference));
    }

    /** What the network learns to predict: {@code noise − clean}. */
    public static Tensor target(Tensor clean, Tensor noise) {
        return noise.sub(clean);
    }

    private Tensor sigmas(Tensor timesteps, long dims, DTypes type) {
        return grid(timesteps, dims, type, i -> sigmas[i]);
    }

    /** {@code value} of the grid entry of every timestep, with trailing dimensions of 1 up to {@code dims}. */
    private Tensor grid(Tensor timesteps, long dims, DTypes type, IntToDoubleFunction value) {
        double[] values = Arrays.stream(Tensors.toDoubles(timesteps))
                .map(t -> value.applyAsDouble(index(t)))
                .toArray();
        long[] shape = Arrays.copyOf(Tensors.shape(timesteps), Math.toIntExact(dims));
        Arrays.fill(shape, Math.toIntExact(timesteps.dim()), shape.length, 1);
        return Ops.to(Tensors.of(values, shape), type);
    }
}
