package io.arvid.quantize.qarvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.quantize.Needs;
import io.arvid.quantize.recipe.RecipeFile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Roll-outs that measuring sensitivities takes, for videos of seven chunks: ten for each of four prompts. */
class QArvdNeedsTest {
    private static int sensitivity(String recipe) {
        Needs needs =
                RecipeFile.read(Path.of("..", "recipes", recipe + ".json")).needs();
        return ((Needs.Rollouts) needs).sensitivity().rollouts(7);
    }

    @Test
    void aModelThatIsMeasuredAtAnotherSchemeIsRangedOnce() {
        assertThat(sensitivity("q-arvd-w8a8")).isEqualTo(40);
        assertThat(sensitivity("q-arvd-code-w4a8")).isEqualTo(40);
        assertThat(sensitivity("q-arvd-code-w8a8")).isEqualTo(41);
    }
}
