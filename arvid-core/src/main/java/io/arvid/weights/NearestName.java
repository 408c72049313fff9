package io.arvid.weights;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;

/** The known name closest to a mistyped one, for error messages. */
public final class NearestName {
    private NearestName() {}

    /** The entry of {@code known}, which must not be empty, with the smallest edit distance to {@code name}; of equals, the first by alphabet. */
    public static String of(String name, Collection<String> known) {
        return known.stream()
                .min(Comparator.comparingInt((String candidate) -> distance(name, candidate))
                        .thenComparing(Comparator.naturalOrder()))
                .orElseThrow();
    }

    /** {@code "; did you mean 'x'?"} with the nearest of {@code known} in it, or nothing where there are none. */
    public static String suggestion(String name, Collection<String> known) {
        return known.isEmpty() ? "" : "; did you mean '" + of(name, known) + "'?";
    }

    /** Levenshtein distance: insertions, deletions and substitutions cost 1 each; letters are compared without case. */
    static int distance(String from, String to) {
        String a = from.toLowerCase(Locale.ROOT);
        String b = to.toLowerCase(Locale.ROOT);
        int[] costs = new int[b.length() + 1];
        for (int j = 0; j < costs.length; j++) {
            costs[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = costs[0];
            costs[0] = i;
            for (int j = 1; j < costs.length; j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = costs[j];
                costs[j] = Math.min(substituted, 1 + Math.min(costs[j], costs[j - 1]));
            }
        }
        return costs[b.length()];
    }
}
