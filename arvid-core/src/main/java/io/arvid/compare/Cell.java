package io.arvid.compare;

import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.record.RecipeStamp;
import java.nio.file.Path;

/**
 * One recipe of a comparison.
 *
 * @param label what tables call it: the method's id, or that of a variation
 * @param setting bit widths
 * @param recipe what is done
 */
record Cell(String label, String setting, RecipeFile<?> recipe) {
    /** Two cells with the same recipe are the same. */
    String id() {
        return recipe.method().id() + "-" + setting + "-" + recipe.hash();
    }

    Path folder(Path run) {
        return run.resolve("cells").resolve(id());
    }

    RecipeStamp stamp() {
        return new RecipeStamp(label + "-" + setting, recipe.method().id(), setting, recipe.hash());
    }
}
