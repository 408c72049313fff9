package io.arvid.model.wan.prompt;

import java.util.regex.Pattern;

/** Cleans prompts as the Wan tokenizer does (Wan2.1 {@code wan/modules/tokenizers.py} basic_clean, whitespace_clean). */
public final class PromptCleaning {
    private static final Pattern WHITESPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    private PromptCleaning() {}

    /** Repairs {@code prompt}, resolves HTML escapes twice, and turns every run of whitespace into one space, none at the ends. */
    public static String clean(String prompt) {
        String repaired = TextRepair.repair(prompt);
        String unescaped = HtmlEscapes.resolve(HtmlEscapes.resolve(repaired));
        return WHITESPACE.matcher(unescaped).replaceAll(" ").strip();
    }
}
