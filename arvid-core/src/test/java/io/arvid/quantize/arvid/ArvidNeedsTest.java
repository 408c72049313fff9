package io.arvid.quantize.arvid;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.quantize.Needs;
import io.arvid.quantize.recipe.RecipeFile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Roll-outs that the recipes declare, for videos of seven chunks. */
class ArvidNeedsTest {
    private static Needs.Rollouts needs(String recipe) {
        return (Needs.Rollouts)
                RecipeFile.read(Path.of("..", "recipes", recipe + ".json")).needs();
    }

    @Test
    void everyWidthOfInputsIsMeasured() {
        ArvidRecipe recipe = (ArvidRecipe) RecipeFile.read(Path.of("..", "recipes", "arvid-w4a6-chunk-bits.json"))
                .recipe();
        int widths = recipe.chunkBits().widths().size();
        Needs.Rollouts needs = needs("arvid-w4a6-chunk-bits");
        assertThat(needs.rollouts()).isEqualTo(recipe.calibrationPrompts());
        assertThat(needs.measured().rollouts(7)).isEqualTo(widths * recipe.sensitivityPrompts() * 10);
        assertThat(needs("arvid-w4a8").measured()).isEqualTo(Needs.Measured.NONE);
    }

    @Test
    void staticInputsAreRangedAtEveryWidth() {
        Needs.Rollouts needs = (Needs.Rollouts) RecipeFile.parse("""
                {
                  "method": "arvid",
                  "scheme": {
                    "weights": {"grid": {"bits": 4, "symmetric": false}, "at": "per-channel"},
                    "inputs": {"rule": "static", "grid": {"bits": 8, "symmetric": false}},
                    "skip": [],
                    "kv": {"rule": "full"}
                  },
                  "rangePrompts": 2,
                  "calibrationPrompts": 5,
                  "chunkBits": {"widths": [4, 6, 8], "average": 6}
                }
                """).needs();
        assertThat(needs.rollouts()).isEqualTo(3 * 2 + 5);
    }

    @Test
    void promptsThatLayersToKeepAreMeasuredOnAreNeeded() {
        String keep = "\"keep\": {\"share\": 0.05, \"prompts\": 99}";
        RecipeFile<?> recipe = RecipeFile.parse("{\"method\": \"arvid\", " + keep + "}");
        assertThat(recipe.requiredPrompts(true)).isEqualTo(99);
    }

    @Test
    void everyWidthOfTheCacheIsTriedInEveryChunkButTheLast() {
        ArvidRecipe recipe = (ArvidRecipe) RecipeFile.read(Path.of("..", "recipes", "arvid-w4a8-kv-bits.json"))
                .recipe();
        long coded =
                recipe.kvBits().widths().stream().filter(width -> width < 16).count();
        assertThat(needs("arvid-w4a8-kv-bits").measured().rollouts(7))
                .isEqualTo((int) (recipe.sensitivityPrompts() * (1 + 6 * coded)));
    }
}
