package io.arvid.evaluate.input;

import java.math.BigInteger;
import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names in the order in which people count: {@code frame9} before {@code frame10}. */
final class NaturalOrder implements Comparator<String> {
    private static final Pattern PARTS = Pattern.compile("\\d+|\\D+");

    @Override
    public int compare(String first, String second) {
        Matcher a = PARTS.matcher(first);
        Matcher b = PARTS.matcher(second);
        while (true) {
            boolean more = a.find();
            if (!b.find()) {
                return more ? 1 : first.compareTo(second);
            }
            if (!more) {
                return -1;
            }
            int order = comparePart(a.group(), b.group());
            if (order != 0) {
                return order;
            }
        }
    }

    private static int comparePart(String a, String b) {
        boolean numbers = isDigit(a.charAt(0)) && isDigit(b.charAt(0));
        return numbers ? new BigInteger(a).compareTo(new BigInteger(b)) : a.compareTo(b);
    }

    /** As in the pattern: digits of other scripts begin parts that are no numbers. */
    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
