package io.arvid.report.figure;

import io.arvid.record.Estimate;
import java.util.Locale;

/** Numbers as a reader wants them. */
public final class Numbers {
    private static final String[] BYTE_UNITS = {"bytes", "kB", "MB", "GB", "TB"};

    private Numbers() {}

    /** {@code value} with {@code digits} significant digits; very small and very large values with an exponent. */
    public static String significant(double value, int digits) {
        if (!Double.isFinite(value)) {
            return "–";
        }
        if (value == 0) {
            return "0";
        }
        double size = Math.abs(value);
        if (size < 1e-4 || size >= 1e6) {
            int exponent = (int) Math.floor(Math.log10(size));
            return significant(value / Math.pow(10, exponent), digits) + "·10" + superscript(exponent);
        }
        int decimals = digits - 1 - (int) Math.floor(Math.log10(size));
        return fixed(value, Math.max(decimals, 0));
    }

    /** {@code value} with {@code decimals} digits after the point. */
    public static String fixed(double value, int decimals) {
        return Double.isFinite(value) ? minus(String.format(Locale.ROOT, "%." + decimals + "f", value)) : "–";
    }

    /** The shortest way to write a tick of an axis. */
    public static String tick(double value) {
        return value == 0
                ? "0"
                : minus(significant(value, 6)
                        .replace('−', '-')
                        .replaceAll("(\\.[0-9]*?)0+(?=$|·)", "$1")
                        .replaceAll("\\.(?=$|·)", ""));
    }

    /** {@code 0.42 [0.37, 0.47]}. */
    public static String interval(Estimate estimate, int digits) {
        return significant(estimate.mean(), digits) + " [" + significant(estimate.low(), digits) + ", "
                + significant(estimate.high(), digits) + "]";
    }

    /** {@code 3.1 MB}: powers of ten. */
    public static String bytes(long bytes) {
        double size = bytes;
        int unit = 0;
        while (size >= 1000 && unit < BYTE_UNITS.length - 1) {
            size /= 1000;
            unit++;
        }
        return (unit == 0 ? String.valueOf(bytes) : significant(size, 3)) + " " + BYTE_UNITS[unit];
    }

    /** {@code 4.2 s}, {@code 1 min 05 s}, {@code 2 h 10 min}. */
    public static String duration(double seconds) {
        if (seconds < 60) {
            return seconds < 10 ? fixed(seconds, 1) + " s" : Math.round(seconds) + " s";
        }
        long whole = Math.round(seconds);
        return whole < 3600
                ? String.format("%d min %02d s", whole / 60, whole % 60)
                : String.format("%d h %02d min", whole / 3600, whole / 60 % 60);
    }

    /** {@code 37 %}. */
    public static String percent(double share) {
        double percent = 100 * share;
        return fixed(percent, percent == 0 || percent >= 9.95 ? 0 : 1) + " %";
    }

    private static String minus(String text) {
        return text.replace('-', '−');
    }

    private static String superscript(int number) {
        StringBuilder out = new StringBuilder();
        for (char digit : String.valueOf(number).toCharArray()) {
            out.append(digit == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹".charAt(digit - '0'));
        }
        return out.toString();
    }
}
