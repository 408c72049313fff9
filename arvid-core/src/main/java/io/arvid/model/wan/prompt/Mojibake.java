package io.arvid.model.wan.prompt;

import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Tells text that was read in the wrong encoding by neighbours that no language puts side by side, such as an accented letter before a currency sign
 * (ftfy's heuristic of "badness"). Only some 400 characters occur in such text, so they are sorted into kinds, and rules name the kinds that do not go
 * together.
 */
final class Mojibake {
    private static final List<ByteEncoding> LATIN_SCRIPTS = List.of(
            ByteEncoding.LATIN_1,
            ByteEncoding.WINDOWS_1250,
            ByteEncoding.WINDOWS_1252,
            ByteEncoding.WINDOWS_1254,
            ByteEncoding.WINDOWS_1257);
    private static final List<ByteEncoding> ALL_SCRIPTS = List.of(
            ByteEncoding.LATIN_1,
            ByteEncoding.WINDOWS_1250,
            ByteEncoding.WINDOWS_1251,
            ByteEncoding.WINDOWS_1252,
            ByteEncoding.WINDOWS_1253,
            ByteEncoding.WINDOWS_1254,
            ByteEncoding.WINDOWS_1257);

    // ---- kinds of characters, as contents of a character class

    /** In many contexts; by themselves no sign of anything. */
    private static final String COMMON = "\u00a0\u00ad\u00b7\u00b4\u2013\u2014\u2015\u2026\u2019";

    private static final String CONTROL = "\u0080-\u009f";
    /** Hardly ever meant: ¦ ¤ ¨ ¬ ¯ ¸ ƒ ˆ ˇ ˘ ˛ ˜ † ‡ ‰ ⌐ ◊ ª º and the replacement character. */
    private static final String BAD = "\u00a6\u00a4\u00a8\u00ac\u00af\u00b8\u0192\u02c6\u02c7\u02d8\u02db\u02dc"
            + "\u2020\u2021\u2030\u2310\u25ca\ufffd\u00aa\u00ba";

    private static final String LAW = "¶§";
    private static final String CURRENCY = "¢£¥₧€";
    /** Opens something: ¡ « ¿ © ΄ ΅ ‘ ‚ “ „ • ‹ and the logo that MacRoman has. */
    private static final String OPENING = "¡«¿©\u0384\u0385\u2018\u201a\u201c\u201e\u2022\u2039\uf8ff";
    /** Closes something: ® » ˝ ” › ™. */
    private static final String CLOSING = "®»\u02dd\u201d\u203a\u2122";

    private static final String NUMERIC = "²³¹±¼½¾×\u00b5÷\u2044\u2202\u2206\u220f\u2211\u221a\u221e\u2229\u222b"
            + "\u2248\u2260\u2261\u2264\u2265\u2116";
    /** In faces made of letters, which put together what nothing else does. */
    private static final String FACES = "Ò-ÖÙ-Üò-öø-ü\u0150\u014c\u016a\u0172°";
    /** Capital letters with accents, but those in faces and four that do not come up. */
    private static final String UPPER =
            letters(Character.UPPERCASE_LETTER, 0xff, "ÒÓÔÕÖÙÚÛ\u0150\u014c\u016a\u0172" + "Þ\u012e\u0154\u0156")
                    + "\u0490";
    /** Small letters with accents whose bytes can begin or continue UTF-8, but those in faces; and two ligatures that MacRoman has. */
    private static final String LOWER =
            letters(Character.LOWERCASE_LETTER, 0xf0, "ø\u0192\u00b5\u0157") + "ñü\u0491\ufb01\ufb02";

    private static final String UPPER_COMMON =
            "ÞΑ-Ω\u0386\u0388\u0389\u038a\u038c\u038e\u038f\u03aa\u03ab\u0401-\u042f";
    private static final String LOWER_COMMON = "α-ω\u03ac\u03ad\u03ae\u03af\u03b0\u0430-\u045f";
    private static final String BOX = "│┌┐┘├┤┬┼═-╬▀▄█▌▐░▒▓";

    private static final String ACCENTED = LOWER + UPPER;
    private static final String SPACE = "\\s\u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
    private static final String WORD = "\\p{L}\\p{N}_";
    private static final String ARABIC_SECOND = COMMON + CURRENCY + BAD + NUMERIC + OPENING + "ŸŠ®°µ»";
    private static final String UNUSUAL = CONTROL + BAD + OPENING + CLOSING + CURRENCY + "°";

    private static final Pattern UNLIKELY_NEIGHBORS = Pattern.compile(String.join(
            "|",
            any(CONTROL),
            any(BAD, ACCENTED, BOX, OPENING, CLOSING, CURRENCY, NUMERIC, LAW) + any(BAD),
            any("a-zA-Z") + any(LOWER_COMMON, UPPER_COMMON) + any(BAD),
            any(BAD) + any(ACCENTED, BOX, OPENING, CLOSING, CURRENCY, NUMERIC, LAW),
            any(LOWER, LOWER_COMMON, BOX, CLOSING, CURRENCY, NUMERIC) + any(UPPER),
            any(BOX, CLOSING, CURRENCY, NUMERIC) + any(LOWER),
            any(LOWER, BOX, CLOSING) + any(CURRENCY),
            any(SPACE) + any(UPPER) + any(CURRENCY),
            any(UPPER, BOX) + any(NUMERIC, LAW),
            any(ACCENTED, BOX, CURRENCY, CLOSING) + any(OPENING) + any(NUMERIC),
            any(ACCENTED, CURRENCY, NUMERIC, BOX, LAW) + any(CLOSING) + any(OPENING),
            any(CURRENCY, NUMERIC, BOX) + any(OPENING),
            any("a-z") + any(UPPER) + any(OPENING, CURRENCY),
            any(BOX) + any(FACES, CLOSING),
            any(ACCENTED, CURRENCY, NUMERIC, OPENING, CLOSING, LAW) + any(BOX),
            any(ACCENTED) + any(OPENING, CLOSING) + any(WORD),
            any(UPPER) + "°",
            // œ, but not before a plain letter
            "[Œœ][^A-Za-z]",
            // Windows-1252: two-byte characters, Arabic, South Asian scripts, à and á, and  before what it encodes
            "[ÂÃÎÐ]" + any("€œŠš¢£Ÿž\u00a0\u00ad®©°·»", OPENING, CLOSING, "–—´"),
            "×[²³]",
            "(?:[ØÙ]" + any(ARABIC_SECOND) + "){2}",
            "à[²µ¹¼½¾]",
            "Ã[\u00a0¡]",
            any("a-z") + any(SPACE) + "?[ÃÂ] ",
            "^[ÃÂ] ",
            any("a-z.,?!", CLOSING) + "Â" + any(" ", OPENING, CLOSING),
            // MacRoman
            "√[±∂†≠®™´≤≥¥µø]",
            "≈[°¢]",
            "‚Ä[ìîïòôúùû†°¢π]",
            "‚[âó][àä°ê]",
            // Windows-1251
            "вЂ",
            "[ВГРС]" + any(UNUSUAL, "µ") + "[ВГРС]",
            "ГўВЂВ.[A-Za-z ]",
            // Windows-1253 and Windows-1257
            "β€[™\u00a0Ά\u00ad®°]",
            "[ΒΓΞΟ]" + any(UNUSUAL) + "[ΒΓΞΟ]",
            "ā€"));

    /** One or more characters in UTF-8 as they look in a one-byte encoding; not in the middle of a longer garble. */
    private static final Pattern UTF8_SEQUENCES = utf8Sequences();

    private Mojibake() {}

    /** True where some part of {@code text} was most likely read in the wrong encoding. */
    static boolean isLikely(String text) {
        return UNLIKELY_NEIGHBORS.matcher(text).find();
    }

    /** {@code text} with every part that looks like UTF-8 in a one-byte encoding replaced by what {@code replacement} makes of it. */
    static String replaceUtf8Sequences(String text, UnaryOperator<String> replacement) {
        return UTF8_SEQUENCES
                .matcher(text)
                .replaceAll(match -> Matcher.quoteReplacement(replacement.apply(match.group())));
    }

    private static Pattern utf8Sequences() {
        String firstOfTwo = any(decoded(ALL_SCRIPTS, 0xc2, 0xdf));
        String firstOfThree = any(decoded(ALL_SCRIPTS, 0xe0, 0xef));
        String firstOfFour = any(decoded(ALL_SCRIPTS, 0xf0, 0xf0), decoded(ALL_SCRIPTS, 0xf3, 0xf3));
        String next = decoded(ALL_SCRIPTS, 0x80, 0xbf) + "\u0080-\u00bf";
        // A space may be a no-break space that was changed.
        String any = any(next, " ");
        String doubtless = any(next).replaceAll("[\u2013-\u2015\u2018-\u201e\u2022\u2026]", "");
        // Possessive: nothing follows that would want a part back, and the engine would recurse for every character.
        return Pattern.compile("(?<!" + doubtless + ")(?:" + firstOfTwo + any + "|" + firstOfThree + any + "{2}|"
                + firstOfFour + any + "{3})++");
    }

    private static String any(String... kinds) {
        return "[" + String.join("", kinds) + "]";
    }

    /** What bytes {@code from … to} stand for in some of {@code encodings}. */
    private static String decoded(List<ByteEncoding> encodings, int from, int to) {
        return encodings.stream().map(encoding -> encoding.range(from, to)).collect(Collectors.joining());
    }

    /** The letters of a Unicode category that have a byte up to {@code last} in a Latin script, without {@code exceptions}. */
    private static String letters(int category, int last, String exceptions) {
        IntPredicate isWanted = letter -> Character.getType(letter) == category && exceptions.indexOf(letter) < 0;
        return decoded(LATIN_SCRIPTS, 0x80, last)
                .chars()
                .filter(isWanted)
                .distinct()
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
    }
}
