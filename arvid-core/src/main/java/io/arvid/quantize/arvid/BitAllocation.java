package io.arvid.quantize.arvid;

import java.util.Arrays;

/** Which of several widths each chunk gets so that the sum of errors is least and the mean width is within a budget: exact, by dynamic programming. */
final class BitAllocation {
    private BitAllocation() {}

    /**
     * The index into {@code widths} for each chunk.
     *
     * @param errors {@code [chunk][width]}: error with that chunk alone at that width; taken to add up
     * @param widths bits, at least one within the budget
     * @param average largest mean width
     */
    static int[] allocate(double[][] errors, int[] widths, double average) {
        if (Arrays.stream(errors).flatMapToDouble(Arrays::stream).anyMatch(Double::isNaN)) {
            throw new IllegalArgumentException("errors of widths that are no numbers: " + Arrays.deepToString(errors));
        }
        int chunks = errors.length;
        int budget = (int) Math.floor(average * chunks + 1e-9);
        if (Arrays.stream(widths).min().orElseThrow() * chunks > budget) {
            throw new IllegalArgumentException(
                    "no widths of " + Arrays.toString(widths) + " average " + average + " bits");
        }
        double[][] least = new double[chunks + 1][budget + 1];
        int[][] choice = new int[chunks + 1][budget + 1];
        for (int chunk = chunks - 1; chunk >= 0; chunk--) {
            for (int left = 0; left <= budget; left++) {
                least[chunk][left] = Double.POSITIVE_INFINITY;
                for (int width = 0; width < widths.length; width++) {
                    if (widths[width] <= left) {
                        double error = errors[chunk][width] + least[chunk + 1][left - widths[width]];
                        if (error < least[chunk][left]) {
                            least[chunk][left] = error;
                            choice[chunk][left] = width;
                        }
                    }
                }
            }
        }
        int[] chosen = new int[chunks];
        int left = budget;
        for (int chunk = 0; chunk < chunks; chunk++) {
            chosen[chunk] = choice[chunk][left];
            left -= widths[chosen[chunk]];
        }
        return chosen;
    }
}
