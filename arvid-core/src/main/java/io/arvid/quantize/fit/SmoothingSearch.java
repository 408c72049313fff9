package io.arvid.quantize.fit;

import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.bytedeco.pytorch.Tensor;

/**
 * The grid of smoothing exponents that SVDQuant searches (deepcompressor {@code calib/smooth.py}): none, {@code (a, 0)} and {@code (a, 1 − a)} for
 * a = 0.05 … 0.95.
 *
 * @param steps how finely a is divided: 20
 */
public record SmoothingSearch(int steps) {
    /** The official grid. */
    public SmoothingSearch() {
        this(20);
    }

    /**
     * One pair of exponents.
     *
     * @param scales how factors follow from magnitudes
     * @param error what they lead to
     */
    public record Candidate(SmoothingScales scales, double error) {}

    /** All candidates in their order, each with the error that {@code error} gives its factors. */
    public List<Candidate> candidates(Tensor inputMagnitudes, Tensor weightMagnitudes, ToDoubleFunction<Tensor> error) {
        List<Candidate> candidates = new ArrayList<>();
        for (SmoothingScales scales : grid()) {
            TensorScope.runAndFree(() -> candidates.add(
                    new Candidate(scales, error.applyAsDouble(scales.factors(inputMagnitudes, weightMagnitudes)))));
        }
        return candidates;
    }

    /** The candidate with the least error, the later of equals. */
    public static Candidate best(List<Candidate> candidates) {
        return candidates.reversed().stream()
                .min(Comparator.comparingDouble(Candidate::error))
                .orElseThrow();
    }

    private List<SmoothingScales> grid() {
        List<SmoothingScales> grid = new ArrayList<>();
        grid.add(of(0, 0));
        for (int i = 1; i < steps; i++) {
            grid.add(of((double) i / steps, 0));
        }
        for (int i = 1; i < steps; i++) {
            double alpha = (double) i / steps;
            grid.add(of(alpha, 1 - alpha));
        }
        return grid;
    }

    private static SmoothingScales of(double inputExponent, double weightExponent) {
        return new SmoothingScales(inputExponent, weightExponent, SmoothingScales.Guard.ONES);
    }
}
