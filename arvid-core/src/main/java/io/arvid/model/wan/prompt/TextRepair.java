package io.arvid.model.wan.prompt;

import java.text.Normalizer;
import java.util.Map;
import java.util.regex.Pattern;

/** Repairs glitches of text line by line (ftfy {@code fix_text}). */
final class TextRepair {
    private static final Pattern TERMINAL_ESCAPES = Pattern.compile("\u001b\\[[\\p{Nd};]*[a-zA-Z]");
    private static final Pattern LINE_BREAKS = Pattern.compile("\r\n|[\r\u2028\u2029\u0085]");
    private static final Pattern SINGLE_QUOTES = Pattern.compile("[\u02bc\u2018-\u201b]");
    private static final Pattern DOUBLE_QUOTES = Pattern.compile("[\u201c-\u201f]");
    private static final Pattern LONE_SURROGATES = Pattern.compile("[\ud800-\udfff]");
    private static final Pattern CONTROL_CHARACTERS =
            Pattern.compile("[\0-\u0008\u000b\u000e-\u001f\u007f\u206a-\u206f\ufeff\ufff9-\ufffc]");
    /** Latin letters that are two in one for the sake of typesetting or of old encodings. */
    private static final Pattern LIGATURES =
            Pattern.compile("[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06]");
    /** The ideographic space, and the letters and signs that Unicode has in a second width. */
    private static final Pattern OTHER_WIDTHS = Pattern.compile("[\u3000\uff01-\uffef]");
    /** Compatibility normalization would also make its long s a short one. */
    private static final Map<String, String> UNUSUAL_LIGATURES = Map.of("\ufb05", "\u017ft");

    private TextRepair() {}

    /** Repairs every line of {@code text} on its own. From the first line with a {@code <} on the text counts as HTML, whose escapes are meant. */
    static String repair(String text) {
        StringBuilder repaired = new StringBuilder();
        boolean isHtml = false;
        for (int start = 0; start < text.length(); ) {
            int newline = text.indexOf('\n', start);
            int end = newline < 0 ? text.length() : newline + 1;
            String line = text.substring(start, end);
            isHtml = isHtml || line.contains("<");
            repaired.append(repairLine(line, isHtml));
            start = end;
        }
        return repaired.toString();
    }

    /** All steps, again and again until none changes anything. */
    private static String repairLine(String line, boolean isHtml) {
        String before;
        String text = line;
        do {
            before = text;
            text = isHtml ? text : HtmlEscapes.resolveUnambiguous(text);
            text = EncodingRepair.repair(text);
            text = EncodingRepair.replaceControlCodes(text);
            text = splitLigatures(text);
            text = evenWidths(text);
            text = SINGLE_QUOTES
                    .matcher(DOUBLE_QUOTES.matcher(text).replaceAll("\""))
                    .replaceAll("'");
            text = LINE_BREAKS.matcher(text).replaceAll("\n");
            text = LONE_SURROGATES.matcher(text).replaceAll("\ufffd");
            text = TERMINAL_ESCAPES.matcher(text).replaceAll("");
            text = CONTROL_CHARACTERS.matcher(text).replaceAll("");
            text = Normalizer.normalize(text, Normalizer.Form.NFC);
        } while (!text.equals(before));
        return text;
    }

    private static String splitLigatures(String text) {
        return LIGATURES
                .matcher(text)
                .replaceAll(match -> UNUSUAL_LIGATURES.getOrDefault(match.group(), compatible(match.group())));
    }

    private static String evenWidths(String text) {
        return OTHER_WIDTHS
                .matcher(text)
                .replaceAll(match -> java.util.regex.Matcher.quoteReplacement(compatible(match.group())));
    }

    private static String compatible(String character) {
        return Normalizer.normalize(character, Normalizer.Form.NFKC);
    }
}
