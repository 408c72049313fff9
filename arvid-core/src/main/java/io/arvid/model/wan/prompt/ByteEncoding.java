package io.arvid.model.wan.prompt;

import java.nio.charset.Charset;
import java.util.HashMap;
import java.util.Map;

/**
 * An encoding with one byte a character. A <em>sloppy</em> one has, as in browsers, the control code of the same number for bytes that mean nothing; and
 * byte 0x1A for the replacement character, so that text which lost some bytes can still be taken back to the others.
 *
 * <p>These are the encodings that UTF-8 is most often taken for by mistake, in the order in which they are tried.
 */
enum ByteEncoding {
    LATIN_1("ISO-8859-1", false),
    WINDOWS_1252("windows-1252", true),
    WINDOWS_1251("windows-1251", true),
    WINDOWS_1250("windows-1250", true),
    WINDOWS_1253("windows-1253", true),
    WINDOWS_1254("windows-1254", true),
    WINDOWS_1257("windows-1257", true),
    ISO_8859_2("ISO-8859-2", false),
    MAC_ROMAN("x-MacRoman", false),
    IBM_437("IBM437", false);

    private static final char UNKNOWN = '\ufffd';
    private static final int SUBSTITUTE = 0x1a;
    private static final int ASCII = 0x80;

    private final boolean isSloppy;
    private final char[] characters = new char[256];
    private final Map<Character, Character> bytes = new HashMap<>();

    ByteEncoding(String charset, boolean isSloppy) {
        this.isSloppy = isSloppy;
        for (int code = 0; code < characters.length; code++) {
            char known = code < ASCII
                    ? (char) code
                    : new String(new byte[] {(byte) code}, Charset.forName(charset)).charAt(0);
            characters[code] = known == UNKNOWN && isSloppy ? (char) code : known;
        }
        if (isSloppy) {
            characters[SUBSTITUTE] = UNKNOWN;
        }
        for (int code = 0; code < characters.length; code++) {
            if (isSloppy || characters[code] != UNKNOWN) {
                bytes.put(characters[code], (char) code);
            }
        }
    }

    /** True for the encodings described above as sloppy. */
    boolean isSloppy() {
        return isSloppy;
    }

    /** True where all of {@code text} could have come from bytes in this encoding. */
    boolean canEncode(String text) {
        return text.chars().allMatch(character -> bytes.containsKey((char) character));
    }

    /** The bytes of {@code text}, each as the character of that number. */
    String encode(String text) {
        StringBuilder encoded = new StringBuilder(text.length());
        text.chars()
                .forEach(character -> encoded.append(bytes.get((char) character).charValue()));
        return encoded.toString();
    }

    /** The character of one byte. */
    String decode(byte code) {
        return String.valueOf(characters[code & 0xff]);
    }

    /** The characters of bytes {@code from … to}, where they have one. */
    String range(int from, int to) {
        StringBuilder range = new StringBuilder();
        for (int code = from; code <= to; code++) {
            range.append(characters[code] == UNKNOWN ? "" : characters[code]);
        }
        return range.toString();
    }
}
