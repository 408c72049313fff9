package io.arvid.quantize.qvgen;

import io.arvid.model.RolloutStep;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * Which of the learned clipping factors a timestep uses.
 *
 * @param count buckets
 * @param follow equal intervals of timesteps, or the training code's {@code ⌊t⌋ mod count}
 */
public record TimestepBuckets(int count, Follow follow) {
    /** The official number. */
    public static final int OFFICIAL_COUNT = 50;

    /** Checks the number. */
    public TimestepBuckets {
        if (count < 1) {
            throw new IllegalArgumentException(count + " timestep buckets");
        }
    }

    /** As a plan divides its passes. */
    public StepBuckets buckets() {
        return switch (follow) {
            case PAPER -> new StepBuckets.ByTimestep(count);
            case CODE -> new StepBuckets.ByTimestepModulo(count);
        };
    }

    /** Bucket of timestep t, 0 … 1000. */
    public int of(double timestep) {
        return buckets().of(RolloutStep.wholeClip(1, timestep));
    }

    /** Buckets of timesteps {@code [n]}, int64. */
    public Tensor of(float[] timesteps) {
        long[] buckets = new long[timesteps.length];
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = of(timesteps[i]);
        }
        return Tensors.of(buckets, buckets.length);
    }

    /**
     * The bucket that the official inference code uses in its {@code call}-th forward pass, counted from 0: it counts down whatever the timestep, so
     * guidance with two passes a step has used it up half-way. Kept for comparison; plans do not use it.
     */
    public int countedDown(int call) {
        return Math.max(count - 1 - call, 0);
    }
}
