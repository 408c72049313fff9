package io.arvid.quantize.scheme;

import io.arvid.model.RolloutStep;
import java.util.List;

/** How the input of one layer is quantized. Holds numbers only, no tensors. */
public sealed interface InputPlan {
    /** Not at all. */
    record Full() implements InputPlan {}

    /**
     * With one scale and zero point, found beforehand: {@code q = clamp(round(x / scale) + zero)}, half to even; {@code x̂ = (q − zero) · scale}.
     *
     * @param grid codes
     * @param scale step, positive
     * @param zero zero point, an integer that may lie outside the grid; 0 where the grid is symmetric
     */
    record Static(IntGrid grid, float scale, float zero) implements InputPlan {
        /** Checks that scale and zero point can be used. */
        public Static {
            if (!(scale > 0) || !Float.isFinite(scale) || zero != Math.rint(zero)) {
                throw new IllegalArgumentException("an input scale of " + scale + " with zero point " + zero);
            }
        }
    }

    /**
     * With scales that are computed from the input: per token or per group of a token,
     * {@code scale = (max·highClip − min·lowClip) / (2^bits − 1)} and {@code zero = round(−min·lowClip / scale)}, or, symmetric,
     * {@code scale = max|x|·highClip / (2^(bits−1) − 1)}.
     *
     * @param grid codes
     * @param at per tensor, per token or grouped
     * @param lowClip factor on the smallest value, 1 for none
     * @param highClip factor on the largest value, 1 for none
     * @param zeroInGrid true where the zero point is clamped to the grid, as QVGen's code does; a token without a sign change then has a coarser grid
     */
    record Dynamic(IntGrid grid, Granularity at, float lowClip, float highClip, boolean zeroInGrid)
            implements InputPlan {
        /** Without clipping. */
        public Dynamic(IntGrid grid, Granularity at) {
            this(grid, at, 1, 1, false);
        }
    }

    /**
     * With steps that widen away from zero: {@code y = sign(x)·c(|x| / m)}, {@code q = round(y · (2^(bits−1) − 1))} and back, where m is the largest
     * magnitude of the sign, {@code c(u) = u^exponent}, or {@code ln(1 + 255u) / ln 256} for exponent 0; larger magnitudes are clipped (QVD's HTDQ, an
     * inferred reading).
     *
     * @param grid symmetric codes
     * @param exponent of the companding curve, 0 … 1; 1 for even steps, 0 for the logarithmic curve
     * @param negative largest magnitude below zero
     * @param positive largest magnitude above zero
     */
    record Companded(IntGrid grid, double exponent, float negative, float positive) implements InputPlan {
        /** Checks the curve. */
        public Companded {
            if (!grid.symmetric() || !(exponent >= 0 && exponent <= 1) || !(negative > 0) || !(positive > 0)) {
                throw new IllegalArgumentException("companding " + grid + " with exponent " + exponent
                        + " and magnitudes " + negative + " and " + positive);
            }
        }
    }

    /**
     * With a plan of its own for each bucket of passes.
     *
     * @param buckets how passes are divided
     * @param plans one a bucket, none of them stepwise
     */
    record Stepwise(StepBuckets buckets, List<InputPlan> plans) implements InputPlan {
        /** Checks that there is one plain plan a bucket. */
        public Stepwise {
            plans = List.copyOf(plans);
            if (plans.size() != buckets.count() || plans.stream().anyMatch(Stepwise.class::isInstance)) {
                throw new IllegalArgumentException(plans.size() + " plans for " + buckets);
            }
        }
    }

    /** The plan that holds in {@code step}: never a {@link Stepwise}. */
    default InputPlan during(RolloutStep step) {
        return this instanceof Stepwise(StepBuckets buckets, List<InputPlan> plans)
                ? plans.get(buckets.of(step))
                : this;
    }
}
