package io.arvid.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every file in {@code recipes/} and {@code recipes/shapes/} is a recipe. */
class RecipeFilesTest {
    private static final Path RECIPES = Path.of("..", "recipes");

    static List<Path> recipes() throws IOException {
        try (Stream<Path> files = Files.walk(RECIPES, 2)) {
            return files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void isARecipe(Path file) {
        RecipeFile<?> recipe = RecipeFile.read(file);
        assertThat(recipe.recipe().scheme().weights().grid().bits()).isBetween(2, 8);
        assertThat(file.getFileName().toString()).startsWith(recipe.method().id());
    }

    @Test
    void aTableOfTemporalFeaturesNeedsTheTimePathInFullPrecision() {
        assertThatThrownBy(() -> RecipeFile.parse("{\"method\": \"qvd\", \"htdq\": \"table\"}"))
                .hasMessageContaining("time_projection");
    }
}
