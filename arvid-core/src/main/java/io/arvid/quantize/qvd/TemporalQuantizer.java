package io.arvid.quantize.qvd;

import io.arvid.model.RolloutStep;
import io.arvid.quantize.fake.FakeInput;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * HTDQ, the high temporal discriminability quantizer, in <b>an inferred reading</b>: temporal features are skewed towards small values and differ little
 * from one timestep to the next, so the grid must be fine near zero and keep neighbouring timesteps apart. Exponent and clipping of a companded grid
 * maximize {@code TDScore − λ · relative squared error}.
 *
 * @param exponents candidates of {@link InputPlan.Companded}, 0 … 1; 0 is the logarithmic curve
 * @param clips candidates of the share of the range that is kept, above 0 and at most 1
 * @param errorWeight λ, 0 or more
 */
public record TemporalQuantizer(List<Double> exponents, List<Double> clips, double errorWeight) {
    private static final RolloutStep ANY_STEP = RolloutStep.wholeClip(1, 0);
    private static final float SMALLEST = 1e-8f;

    /** Copies and checks the candidates. */
    public TemporalQuantizer {
        exponents = List.copyOf(exponents);
        clips = List.copyOf(clips);
        if (exponents.isEmpty() || clips.isEmpty()) {
            throw new IllegalArgumentException("companding needs at least one exponent and one clip");
        }
        if (exponents.stream().anyMatch(exponent -> !(exponent >= 0 && exponent <= 1))
                || clips.stream().anyMatch(clip -> !(clip > 0 && clip <= 1))
                || !(errorWeight >= 0)) {
            throw new IllegalArgumentException("companding with exponents " + exponents + ", clips " + clips
                    + " and errorWeight " + errorWeight + "; wanted 0 … 1, above 0 to 1, and 0 or more");
        }
    }

    /** Even steps, powers, and the logarithmic curve. */
    public static TemporalQuantizer inferred() {
        return new TemporalQuantizer(List.of(1.0, 0.75, 0.5, 1.0 / 3, 0.25, 0.0), List.of(1.0, 0.95, 0.9, 0.8, 0.7), 1);
    }

    /**
     * Temporal discriminability score: mean over neighbouring timesteps of the share of entries that still differ after quantization, over the share that
     * differed before. 1 where quantization keeps all timesteps apart.
     *
     * @param features float32 {@code [timesteps, dim]}, in the order of the timesteps
     * @param quantized the same after quantization
     */
    public static double discriminability(Tensor features, Tensor quantized) {
        double[] before = differing(features);
        double[] after = differing(quantized);
        double sum = 0;
        int counted = 0;
        for (int i = 0; i < before.length; i++) {
            if (before[i] > 0) {
                sum += after[i] / before[i];
                counted++;
            }
        }
        return counted == 0 ? 1 : sum / counted;
    }

    /** Share of entries in which each timestep differs from the next. */
    private static double[] differing(Tensor features) {
        long last = features.size(0) - 1;
        Tensor differs = Ops.slice(features, 0, 1, last + 1).ne(Ops.slice(features, 0, 0, last));
        return Tensors.toDoubles(Ops.mean(Ops.toF32(differs), false, 1));
    }

    /** The best of all candidates, the earlier of equals. */
    public InputPlan.Companded fit(Tensor features, IntGrid grid) {
        float negative = (float) Math.max(-Tensors.item(features.min()), SMALLEST);
        float positive = (float) Math.max(Tensors.item(features.max()), SMALLEST);
        InputPlan.@Nullable Companded best = null;
        double highest = Double.NEGATIVE_INFINITY;
        for (double exponent : exponents) {
            for (double clip : clips) {
                InputPlan.Companded candidate =
                        new InputPlan.Companded(grid, exponent, (float) (negative * clip), (float) (positive * clip));
                double score = score(features, candidate);
                if (best == null || score > highest) {
                    best = candidate;
                    highest = score;
                }
            }
        }
        return Objects.requireNonNull(best);
    }

    private double score(Tensor features, InputPlan.Companded candidate) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor quantized = FakeInput.apply(candidate, ANY_STEP, features);
            double error = Tensors.item(Ops.pow(quantized.sub(features), 2).sum())
                    / Math.max(Tensors.item(Ops.pow(features, 2).sum()), SMALLEST);
            return discriminability(features, quantized) - errorWeight * error;
        }
    }
}
