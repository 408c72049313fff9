package io.arvid.record;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Which recipe a quantized model was made from.
 *
 * @param name name of the recipe, such as {@code q-arvd-w4a8}
 * @param method id of the method, such as {@code q-arvd}
 * @param setting bit widths, such as {@code w4a8}
 * @param hash SHA-256 of the recipe's text
 */
public record RecipeStamp(String name, String method, String setting, String hash) {
    private static final int SHORT = 12;

    /** The recipe with text {@code text}. */
    public static RecipeStamp of(String name, String method, String setting, String text) {
        return new RecipeStamp(name, method, setting, sha256(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** The hash's first digits. */
    public String briefHash() {
        return hash.substring(0, Math.min(SHORT, hash.length()));
    }

    /** SHA-256 in lower-case hexadecimal. */
    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
