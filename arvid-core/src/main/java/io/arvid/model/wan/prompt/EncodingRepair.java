package io.arvid.model.wan.prompt;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Repairs UTF-8 that was read in another encoding, such as {@code schÃ¶n} for {@code schön} (ftfy {@code fix_encoding}). Bytes are handled as strings of the
 * characters 0 … 255.
 */
final class EncodingRepair {
    private static final Pattern ASCII = Pattern.compile("[\0-\u007f]*");
    private static final Pattern CONTROL_CODES = Pattern.compile("[\u0080-\u009f]");

    /** UTF-8 in which a space stands for byte A0, the no-break space, where that makes a likely character. */
    private static final Pattern SPACE_FOR_A0 = Pattern.compile(String.join(
            "|",
            "[\u00c2\u00c3\u00c5\u00ce\u00d0\u00d9] ",
            "[\u00e2\u00e3] [\u0080-\u0084\u0086-\u009f\u00a1-\u00bf]",
            "[\u00e0-\u00e3][\u0080-\u0084\u0086-\u009f\u00a1-\u00bf] ",
            "\u00f0 [\u0080-\u00bf]{2}",
            "\u00f0[\u0080-\u00bf] [\u0080-\u00bf]",
            "\u00f0[\u0080-\u00bf]{2} "));

    /** What was the word à, by itself or at the beginning of a Portuguese contraction: here the space is meant, and A0 lost. */
    private static final Pattern WORD_A_GRAVE = Pattern.compile("\u00c3 (?! |quele|quela|quilo|s )");

    /** UTF-8 in which some bytes after the first became 1A, or one of them a question mark. */
    private static final Pattern LOST_BYTES = Pattern.compile(String.join(
            "|",
            "[\u00c2-\u00df]\u001a",
            "[\u00c2\u00c3]\\?",
            "\u00ed[\u00a0-\u00af][\u001a?]\u00ed[\u00b0-\u00bf][\u001a?\u0080-\u00bf]",
            "\u00ed[\u00a0-\u00af][\u001a?\u0080-\u00bf]\u00ed[\u00b0-\u00bf][\u001a?]",
            "[\u00e0-\u00ef][\u001a?][\u001a\u0080-\u00bf]",
            "[\u00e0-\u00ef][\u001a\u0080-\u00bf][\u001a?]",
            "[\u00f0-\u00f4][\u001a?][\u001a\u0080-\u00bf]{2}",
            "[\u00f0-\u00f4][\u001a\u0080-\u00bf][\u001a?][\u001a\u0080-\u00bf]",
            "[\u00f0-\u00f4][\u001a\u0080-\u00bf]{2}[\u001a?]",
            "\u001a"));

    private static final String REPLACEMENT_IN_UTF8 = "\u00ef\u00bf\u00bd";

    /** Java's way to write U+0000 in UTF-8. */
    private static final Pattern LONG_ZERO = Pattern.compile("\u00c0\u0080");

    /** A character beyond U+FFFF as two surrogates, each in UTF-8 (CESU-8). */
    private static final Pattern SURROGATE_PAIR =
            Pattern.compile("\u00ed([\u00a0-\u00af][\u0080-\u00bf])\u00ed([\u00b0-\u00bf][\u0080-\u00bf])");

    private EncodingRepair() {}

    /** Repairs {@code text} until nothing in it looks broken any more, or nothing can be done about it. */
    static String repair(String text) {
        String before;
        String repaired = text;
        do {
            before = repaired;
            repaired = repairOnce(before);
        } while (!repaired.equals(before));
        return repaired;
    }

    /** Control codes of Latin-1 as what Windows has at their numbers, which is what they were meant to be (ftfy {@code fix_c1_controls}). */
    static String replaceControlCodes(String text) {
        return CONTROL_CODES
                .matcher(text)
                .replaceAll(match ->
                        ByteEncoding.WINDOWS_1252.decode((byte) match.group().charAt(0)));
    }

    private static String repairOnce(String text) {
        if (ASCII.matcher(text).matches() || !Mojibake.isLikely(text)) {
            return text;
        }
        for (ByteEncoding mistaken : ByteEncoding.values()) {
            if (mistaken.canEncode(text)) {
                Optional<String> decoded = decodeUtf8(restoreBytes(mistaken.encode(text), mistaken));
                if (decoded.isPresent()) {
                    return decoded.get();
                }
            }
        }
        String inParts = Mojibake.replaceUtf8Sequences(
                text, part -> part.length() < text.length() && Mojibake.isLikely(part) ? repair(part) : part);
        return inParts.equals(text) ? replaceControlCodes(text) : inParts;
    }

    /** Puts back bytes that were lost on the way: no-break spaces that became spaces, and characters of which only a part is left. */
    private static String restoreBytes(String bytes, ByteEncoding mistaken) {
        String restored = bytes;
        // In MacRoman an en dash and a space would look the same.
        if (mistaken != ByteEncoding.MAC_ROMAN && SPACE_FOR_A0.matcher(restored).find()) {
            restored = WORD_A_GRAVE.matcher(restored).replaceAll("\u00c3\u00a0 ");
            restored = SPACE_FOR_A0
                    .matcher(restored)
                    .replaceAll(match -> match.group().replace(' ', '\u00a0'));
        }
        return mistaken.isSloppy() ? LOST_BYTES.matcher(restored).replaceAll(REPLACEMENT_IN_UTF8) : restored;
    }

    /** Text of bytes in UTF-8 or its variants, or nothing where they are neither. */
    private static Optional<String> decodeUtf8(String bytes) {
        String standard = LONG_ZERO.matcher(bytes).replaceAll("\0");
        standard = SURROGATE_PAIR.matcher(standard).replaceAll(EncodingRepair::joinSurrogates);
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(standard.getBytes(StandardCharsets.ISO_8859_1)))
                    .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private static String joinSurrogates(MatchResult pair) {
        String joined = "" + surrogate(pair.group(1)) + surrogate(pair.group(2));
        return new String(joined.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static char surrogate(String lastTwoBytes) {
        return (char) (0xd000 | (lastTwoBytes.charAt(0) & 0x3f) << 6 | lastTwoBytes.charAt(1) & 0x3f);
    }
}
