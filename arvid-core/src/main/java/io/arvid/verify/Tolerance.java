package io.arvid.verify;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Allowed difference: {@code |actual − expected| ≤ atol + rtol · |expected|} for all but {@code exceptShare} of the entries.
 *
 * @param atol absolute part
 * @param rtol relative part
 * @param exceptShare share of entries that may lie outside, 0 for none
 */
public record Tolerance(double atol, double rtol, double exceptShare) {
    /** Nothing but equality. */
    public static final Tolerance EXACT = new Tolerance(0, 0, 0);

    /** For every entry. */
    public Tolerance(double atol, double rtol) {
        this(atol, rtol, 0);
    }

    /** An absolute bound for every entry. */
    public static Tolerance absolute(double atol) {
        return new Tolerance(atol, 0, 0);
    }

    /** A relative bound for every entry. */
    public static Tolerance relative(double rtol) {
        return new Tolerance(0, rtol, 0);
    }

    /** The tolerance that {@code text} states first: {@code "rtol 1e-6 (matrix square root)"}, {@code "exact"}. */
    public static Tolerance stated(String text) {
        if (text.startsWith("exact")) {
            return EXACT;
        }
        double atol = number("atol", text);
        double rtol = number("rtol", text);
        if (atol == 0 && rtol == 0) {
            throw new IllegalArgumentException("no atol, rtol or exact in the tolerance '" + text + "'");
        }
        return new Tolerance(atol, rtol);
    }

    /** The tolerance that {@code text} states for a share of the entries: {@code "99.5 percent equal"}, {@code "99 percent within 2e-3"}. */
    public static Tolerance statedShare(String text) {
        Matcher matcher =
                Pattern.compile("([0-9.]+) percent(?: within ([0-9.eE+-]+))?").matcher(text);
        if (!matcher.find()) {
            throw new IllegalArgumentException("no share of entries in the tolerance '" + text + "'");
        }
        double within = matcher.group(2) == null ? 0 : Double.parseDouble(matcher.group(2));
        return new Tolerance(within, 0, 1 - Double.parseDouble(matcher.group(1)) / 100);
    }

    private static double number(String kind, String text) {
        Matcher matcher = Pattern.compile(kind + " ([0-9.eE+-]+)").matcher(text);
        return matcher.find() ? Double.parseDouble(matcher.group(1)) : 0;
    }

    @Override
    public String toString() {
        String bound = atol == 0 && rtol == 0 ? "exact" : String.format("atol %.1e rtol %.1e", atol, rtol);
        return exceptShare == 0 ? bound : bound + String.format(" for %.2f %%", 100 * (1 - exceptShare));
    }
}
