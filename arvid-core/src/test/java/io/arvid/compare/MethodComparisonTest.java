package io.arvid.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.evaluate.suite.MetricFiles;
import io.arvid.record.FindingTable;
import io.arvid.record.Progress;
import io.arvid.record.SourceStamp;
import io.arvid.weights.FolderLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole comparison of the bundled model, of one method whose plan can be packed and one whose plan has phases. */
class MethodComparisonTest {
    private static final String SCHEME = """
            "scheme": {
                "weights": {"grid": {"bits": 4, "symmetric": false}, "at": "per-channel"},
                "inputs": {"rule": "dynamic", "grid": {"bits": 8, "symmetric": false}, "at": "per-token"},
                "skip": ["time_embedding", "time_projection", "head"],
                "kv": {"rule": "full"}
            }, "range": "min-max", "calibrationPrompts": 1
            """;

    @TempDir
    private Path folder;

    private CompareRequest request(List<String> prompts) throws IOException {
        Path recipes = Files.createDirectories(folder.resolve("recipes"));
        Files.writeString(recipes.resolve("minmax-w4a8.json"), "{\"method\": \"minmax\", " + SCHEME + "}");
        Files.writeString(
                recipes.resolve("vidit-q-w4a8.json"),
                "{\"method\": \"vidit-q\", \"alpha\": 0.11, \"momentum\": 0.95, \"timestepRanges\": 2, " + SCHEME
                        + "}");
        return new CompareRequest(
                Path.of("..", "models", "shapes"),
                List.of(recipes),
                folder.resolve("run"),
                List.of("minmax", "vidit-q"),
                List.of("w4a8"),
                List.of(),
                "w4a8",
                prompts,
                List.of(0L),
                List.of("a small red circle moving left on a gray background"),
                MetricFiles.of(List.of()),
                1,
                "arvid compare",
                SourceStamp.UNKNOWN);
    }

    private static List<List<String>> main(CompareRequest request) {
        List<FindingTable> tables = MethodComparison.run(request, Progress.SILENT)
                .record()
                .findings()
                .tables();
        assertThat(tables.stream().map(FindingTable::id))
                .contains("costs", "worst-layers", "channel-norms", "outlier-channels");
        FindingTable table = tables.getFirst();
        assertThat(table.headings()).startsWith("Recipe").contains("latent-mse");
        return table.rows();
    }

    private List<FileTime> costs() throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("run").resolve("cells"))) {
            List<FileTime> times = files.filter(file -> file.endsWith("cost.json"))
                    .sorted()
                    .map(file -> file.toFile().lastModified())
                    .map(FileTime::fromMillis)
                    .toList();
            assertThat(times).hasSize(2);
            return times;
        }
    }

    @Test
    void whatIsDoneIsNotDoneAgain() throws IOException {
        String prompt = "a large blue square moving up on a navy background";
        List<List<String>> first = main(request(List.of(prompt)));
        assertThat(first.stream().map(List::getFirst)).containsExactly("Full precision", "W4A8 MinMax", "W4A8 ViDiT-Q");
        assertThat(first.get(1).subList(1, first.get(1).size()))
                .isNotEqualTo(first.get(2).subList(1, first.get(2).size()));
        List<FileTime> made = costs();
        assertThat(main(request(List.of(prompt)))).isEqualTo(first);
        assertThat(costs()).isEqualTo(made);
        main(request(List.of(prompt, "a small green triangle moving down on a gray background")));
        assertThat(costs()).as("another prompt needs no other integers").isEqualTo(made);
    }

    @Test
    void aMissingRecipeIsNamedBeforeTheWorkBegins() throws IOException {
        CompareRequest request = request(List.of("a red circle"));
        Files.delete(folder.resolve("recipes").resolve("vidit-q-w4a8.json"));
        assertThatThrownBy(() -> MethodComparison.run(request, Progress.SILENT))
                .hasMessageContaining("there is no recipe vidit-q-w4a8.json")
                .hasMessageEndingWith("did you mean 'minmax-w4a8'?");
        assertThat(folder.resolve("run").resolve("cells")).doesNotExist();
    }

    @Test
    void aWordThatTheModelDoesNotKnowIsNamedBeforeTheWorkBegins() throws IOException {
        CompareRequest request = request(List.of("a red circle", "a red dragon"));
        assertThatThrownBy(() -> MethodComparison.run(request, Progress.SILENT)).hasMessageContaining("'dragon'");
        assertThat(folder.resolve("run")).doesNotExist();
    }

    @Test
    void oneProcessAtATimeUsesTheRunsFolder() throws IOException {
        CompareRequest request = request(List.of("a red circle"));
        try (FolderLock held = FolderLock.take(folder.resolve("run"), "the run")) {
            assertThatThrownBy(() -> MethodComparison.run(request, Progress.SILENT))
                    .hasMessageContaining(folder.resolve("run") + " is being used by another process");
        }
    }
}
