package io.arvid;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.record.Progress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class PipelineTest {
    @Test
    void everyRecipeIsReadBeforeTheWorkBegins() {
        Path nowhere = Path.of("nowhere");
        Path recipes = Path.of("..", "recipes", "shapes");
        RunSettings settings = new RunSettings(
                nowhere,
                recipes,
                nowhere,
                List.of("minmax", "q-arvd"),
                List.of("w8a8", "w3a3"),
                List.of(),
                List.of(),
                0,
                0,
                null,
                "");
        assertThatThrownBy(() -> Pipeline.run(settings, Progress.SILENT))
                .hasMessageContaining(recipes.resolve("minmax-w3a3.json").toString());
    }
}
