package io.arvid;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.record.Progress;
import io.arvid.weights.FolderLock;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    @Test
    void oneProcessAtATimeUsesTheRunsFolder(@TempDir Path run) {
        RunSettings settings = new RunSettings(
                Path.of("nowhere"),
                Path.of("..", "recipes", "shapes"),
                run,
                List.of("minmax"),
                List.of("w8a8"),
                List.of("a red circle"),
                List.of(),
                0,
                0,
                null,
                "");
        try (FolderLock held = FolderLock.take(run, "the run")) {
            assertThatThrownBy(() -> Pipeline.run(settings, Progress.SILENT))
                    .hasMessageContaining(run + " is being used by another process");
        }
    }
}
