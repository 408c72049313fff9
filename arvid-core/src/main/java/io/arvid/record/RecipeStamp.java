package io.arvid.record;

/**
 * Which recipe a quantized model was made from.
 *
 * @param name name of the recipe, such as {@code q-arvd-w4a8}
 * @param method id of the method, such as {@code q-arvd}
 * @param setting bit widths, such as {@code w4a8}
 * @param hash the recipe file's hash, which also names folders
 */
public record RecipeStamp(String name, String method, String setting, String hash) {}
