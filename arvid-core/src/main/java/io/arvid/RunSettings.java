package io.arvid;

import io.arvid.quantize.recipe.RecipeFile;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@link Pipeline} runs.
 *
 * @param model folder of the model
 * @param recipes folder of the recipe files
 * @param run folder that everything goes to
 * @param methods ids of the methods, the simplest first
 * @param settings bit widths such as {@code w4a8}; the recipe of a method is {@code method-setting.json}
 * @param prompts what is asked for
 * @param calibrationPrompts what methods calibrate on
 * @param seed seed of the first prompt's noise
 * @param shownPrompts prompts whose videos the report shows
 * @param metrics folder of the networks of {@code fvd-shapes} and {@code lpips-shapes}; null for none
 * @param command the command line, for the record
 */
public record RunSettings(
        Path model,
        Path recipes,
        Path run,
        List<String> methods,
        List<String> settings,
        List<String> prompts,
        List<String> calibrationPrompts,
        long seed,
        int shownPrompts,
        @Nullable Path metrics,
        String command) {
    /** Reads every recipe: one that is missing ends the run here, not after the work for those before it. */
    void requireRecipes() {
        settings.forEach(setting -> methods.forEach(method -> recipe(method, setting)));
    }

    /** The recipe of {@code method} at {@code setting}. */
    RecipeFile<?> recipe(String method, String setting) {
        return RecipeFile.read(recipes.resolve(method + "-" + setting + ".json"));
    }

    /** Folder of the packed model of {@code method} at {@code setting}. */
    Path packed(String method, String setting) {
        return run.resolve("models").resolve(method + "-" + setting);
    }
}
