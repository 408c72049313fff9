package io.arvid.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLogTest {
    @TempDir
    Path folder;

    private static TrainingStep step(long number) {
        return new TrainingStep(
                number, 5, 0.5 / number, 2, Map.of("weights", 1.5), 4, 0.25, Map.of("weights", 1e-3), 1);
    }

    @Test
    void aResumedRunReplacesTheStepsThatItMakesAgain() throws Exception {
        Path file = folder.resolve("log.jsonl");
        TrainingLog first = new TrainingLog(file);
        for (int i = 1; i <= 4; i++) {
            first.onStep(step(i));
        }
        Files.writeString(file, "{\"step\": 5, \"tot", StandardOpenOption.APPEND);
        TrainingLog resumed = new TrainingLog(file);
        resumed.onStep(step(3));
        resumed.onStep(step(4));
        assertThat(TrainingLog.read(file)).containsExactly(step(1), step(2), step(3), step(4));
        assertThat(Files.readAllLines(file)).hasSize(4);
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
    }
}
