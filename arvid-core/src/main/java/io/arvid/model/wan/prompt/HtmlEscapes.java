package io.arvid.model.wan.prompt;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jsoup.nodes.Entities;

/** HTML's escapes for characters, such as {@code &amp;} and {@code &#x2019;}. */
final class HtmlEscapes {
    private static final Pattern ANY = Pattern.compile("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)");
    private static final Pattern TERMINATED = Pattern.compile("&#?[0-9A-Za-z]{1,24};");
    private static final int SHORTEST_NAME = 2;

    private HtmlEscapes() {}

    /** Resolves escapes as HTML 5 readers do: some names count without a semicolon, and in front of other letters ({@code html.unescape}). */
    static String resolve(String text) {
        return ANY.matcher(text).replaceAll(match -> Matcher.quoteReplacement(resolveOne(match.group(1))));
    }

    /**
     * Resolves only escapes that end in a semicolon, because {@code this&not that} means what it says; and names in capitals, which stand for the capital
     * where the name has no meaning of its own (ftfy {@code unescape_html}).
     */
    static String resolveUnambiguous(String text) {
        return TERMINATED.matcher(text).replaceAll(match -> Matcher.quoteReplacement(resolveTerminated(match.group())));
    }

    private static String resolveTerminated(String escape) {
        String body = escape.substring(1);
        if (body.startsWith("#")) {
            String resolved = resolve(escape);
            return resolved.contains(";") ? escape : resolved;
        }
        if (isName(body)) {
            return named(body);
        }
        String small = body.toLowerCase(Locale.ROOT);
        boolean isCapitals =
                !small.equals(body) && small.toUpperCase(Locale.ROOT).equals(body);
        return isCapitals && isName(small) && resolve(escape).equals(escape)
                ? named(small).toUpperCase(Locale.ROOT)
                : escape;
    }

    /** Meaning of what follows an ampersand, or the ampersand and it where it has none. */
    private static String resolveOne(String body) {
        if (body.startsWith("#")) {
            return numbered(body);
        }
        for (int end = body.length(); end >= SHORTEST_NAME; end--) {
            if (isName(body.substring(0, end))) {
                return named(body.substring(0, end)) + body.substring(end);
            }
        }
        return "&" + body;
    }

    /** True where {@code body} is a name of HTML 5: with its semicolon, or one of the few that do without. */
    private static boolean isName(String body) {
        return body.endsWith(";")
                ? Entities.isNamedEntity(body.substring(0, body.length() - 1))
                : Entities.isBaseNamedEntity(body);
    }

    private static String named(String body) {
        return Entities.getByName(body.endsWith(";") ? body.substring(0, body.length() - 1) : body);
    }

    /** The character of {@code #8217;} or {@code #x2019;}; numbers that HTML forbids mean what browsers make of them. */
    private static String numbered(String body) {
        String digits = body.endsWith(";") ? body.substring(1, body.length() - 1) : body.substring(1);
        boolean isHexadecimal = digits.startsWith("x") || digits.startsWith("X");
        int code = parse(isHexadecimal ? digits.substring(1) : digits, isHexadecimal ? 16 : 10);
        if (code == 0 || code > Character.MAX_CODE_POINT || code >= 0xd800 && code <= 0xdfff) {
            return "\ufffd";
        }
        if (code >= 0x80 && code <= 0x9f) {
            return ByteEncoding.WINDOWS_1252.decode((byte) code);
        }
        return isForbidden(code) ? "" : Character.toString(code);
    }

    /** The number, or more than any character has where it is longer than an int. */
    private static int parse(String digits, int radix) {
        String significant = digits.replaceFirst("^0+(?=.)", "");
        return significant.length() > 8
                ? Integer.MAX_VALUE
                : (int) Math.min(Long.parseLong(significant, radix), Integer.MAX_VALUE);
    }

    private static boolean isForbidden(int code) {
        boolean isControl = code < 0x20 && "\t\n\f\r".indexOf(code) < 0 || code == 0x7f;
        boolean isNoCharacter = code >= 0xfdd0 && code <= 0xfdef || (code & 0xfffe) == 0xfffe;
        return isControl || isNoCharacter;
    }
}
