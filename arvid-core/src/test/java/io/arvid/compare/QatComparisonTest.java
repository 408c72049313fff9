package io.arvid.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.record.Progress;
import io.arvid.run.Generator;
import io.arvid.run.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QatComparisonTest {
    private static final Path RECIPES = Path.of("..", "recipes");

    @TempDir
    Path run;

    private static QatCandidate candidate(Long steps) {
        return QatCandidate.trained(RECIPES.resolve("lsq-w4a4.json"), 0, steps, false);
    }

    @Test
    void whatWasMadeOtherwiseUnderTheSameNameIsRefusedAndStays() throws IOException {
        try (ModelFolder model = ModelFolder.open(Path.of("..", "models", "shapes"));
                Generator generator = new Generator(model);
                QatComparison comparison = new QatComparison(
                        generator,
                        new QatComparison.Settings(run, List.of("a prompt"), 1, List.of()),
                        Progress.SILENT)) {
            comparison.requireFit(candidate(6L));
            ObjectNode made = new JsonMapper()
                    .createObjectNode()
                    .put("seconds", 3)
                    .set("of", new JsonMapper().valueToTree(comparison.dependsOn(candidate(6L))));
            Path key = Files.createDirectories(run.resolve("models")).resolve("lsq-w4a4-seed0.key");
            Files.writeString(key, made.toString());
            comparison.requireFit(candidate(6L));
            assertThatThrownBy(() -> comparison.requireFit(candidate(8L)))
                    .hasMessageContaining("was made with another recipe or number of steps; choose another folder");
            assertThat(key).exists();
            Files.delete(key);
            Files.createDirectories(
                    run.resolve("states").resolve("lsq-w4a4-seed0").resolve("log.jsonl"));
            assertThatThrownBy(() -> comparison.requireFit(candidate(6L))).hasMessageContaining("exists already");
        }
    }

    @Test
    void aComparisonNeedsPrompts() {
        assertThatThrownBy(() -> new QatComparison.Settings(run, List.of(), 1, List.of()))
                .hasMessageContaining("at least one prompt");
    }
}
