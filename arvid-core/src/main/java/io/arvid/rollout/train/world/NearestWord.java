package io.arvid.rollout.train.world;

import java.util.Comparator;
import java.util.List;

/** The known word with the smallest edit distance to a mistyped one. */
final class NearestWord {

    private NearestWord() {}

    static String of(String word, List<String> known) {
        return known.stream()
                .min(Comparator.comparingInt(candidate -> editDistance(word, candidate)))
                .orElseThrow();
    }

    /** Levenshtein distance: insertions, deletions and substitutions cost one each. */
    static int editDistance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
