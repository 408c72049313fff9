package io.arvid.verify;

import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Collects the comparisons of one case. A comparison's {@code excess} is its largest error over its tolerance: above 1 it failed. */
public final class CaseReport {
    /** One compared tensor. */
    public record Comparison(String tensor, double error, double excess, Tolerance tolerance) {
        /** True where the tolerance holds. */
        public boolean passed() {
            return excess <= 1;
        }
    }

    private final List<Comparison> comparisons = new ArrayList<>();

    /** Compares {@code actual} with the case's tensor {@code name}, entry by entry; another shape fails. */
    public void expect(CaseFolder folder, String name, Tensor actual, Tolerance tolerance) {
        expect(name, actual, folder.tensor(name), tolerance);
    }

    /** Compares two tensors of one number of entries, whatever their dtypes. */
    public void expect(String name, Tensor actual, Tensor expected, Tolerance tolerance) {
        if (!Arrays.equals(squeezed(actual), squeezed(expected))) {
            unlike(
                    name + " (shape " + Arrays.toString(Tensors.shape(actual)) + ", expected "
                            + Arrays.toString(Tensors.shape(expected)) + ")",
                    tolerance);
            return;
        }
        expect(name, Tensors.toDoubles(actual), Tensors.toDoubles(expected), tolerance);
    }

    /** Compares numbers. */
    public void expect(String name, double actual, double expected, Tolerance tolerance) {
        expect(name, new double[] {actual}, new double[] {expected}, tolerance);
    }

    /** Compares numbers in order; more or fewer than expected fail. */
    public void expect(String name, double[] actual, double[] expected, Tolerance tolerance) {
        if (actual.length != expected.length) {
            unlike(name + " (" + actual.length + " numbers, expected " + expected.length + ")", tolerance);
            return;
        }
        double error = 0;
        double[] excess = new double[expected.length];
        for (int i = 0; i < expected.length; i++) {
            boolean same = Double.compare(actual[i], expected[i]) == 0 || actual[i] == expected[i];
            double difference = same ? 0 : Math.abs(actual[i] - expected[i]);
            double allowed = tolerance.atol() + tolerance.rtol() * Math.abs(expected[i]);
            excess[i] = same
                    ? 0
                    : Double.isNaN(difference) || allowed == 0 ? Double.POSITIVE_INFINITY : difference / allowed;
            error = Math.max(error, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
        }
        Arrays.sort(excess);
        int counted = expected.length - (int) Math.floor(tolerance.exceptShare() * expected.length);
        comparisons.add(new Comparison(name, error, counted == 0 ? 0 : excess[counted - 1], tolerance));
    }

    /** Compares two tensors by the Frobenius norm of their difference, relative to that of {@code expected}; another number of entries fails. */
    public void expectNear(String name, Tensor actual, Tensor expected, double relativeDistance) {
        double[] a = Tensors.toDoubles(actual);
        double[] e = Tensors.toDoubles(expected);
        if (a.length != e.length) {
            unlike(
                    name + " (" + a.length + " numbers, expected " + e.length + ")",
                    Tolerance.absolute(relativeDistance));
            return;
        }
        double squares = 0;
        double norm = 0;
        for (int i = 0; i < e.length; i++) {
            squares += (a[i] - e[i]) * (a[i] - e[i]);
            norm += e[i] * e[i];
        }
        expect(name, Math.sqrt(squares / norm), 0, Tolerance.absolute(relativeDistance));
    }

    /** What cannot be compared entry by entry has failed. */
    private void unlike(String what, Tolerance tolerance) {
        comparisons.add(new Comparison(what, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, tolerance));
    }

    /** States a fact that must hold. */
    public void expectTrue(String fact, boolean holds) {
        comparisons.add(new Comparison(fact, holds ? 0 : 1, holds ? 0 : Double.POSITIVE_INFINITY, Tolerance.EXACT));
    }

    /** All comparisons in order. */
    public List<Comparison> comparisons() {
        return comparisons;
    }

    /** The comparison closest to, or furthest beyond, its tolerance. */
    public Comparison worst() {
        return comparisons.stream()
                .max(Comparator.comparingDouble(Comparison::excess))
                .orElseThrow();
    }

    /** True where something was compared and every comparison passed. */
    public boolean passed() {
        return !comparisons.isEmpty() && comparisons.stream().allMatch(Comparison::passed);
    }

    private static long[] squeezed(Tensor tensor) {
        return Arrays.stream(Tensors.shape(tensor)).filter(size -> size != 1).toArray();
    }
}
