package io.arvid.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameWeightsTest {
    @TempDir
    Path folder;

    private Path file(String content) throws IOException {
        return Files.writeString(folder.resolve("sensitivity.json"), content);
    }

    @Test
    void sensitivitiesAreRead() throws IOException {
        assertThat(FrameWeights.read(file("{\"alpha\": [0.6, 3e-1, 0], \"prompts\": 16}"), 3))
                .isEqualTo(FrameWeights.of(0.6, 0.3, 0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"alpha\": 1}",
                "{\"alpha\": {\"a\": 1, \"b\": 2}}",
                "{\"alpha\": [0.5]}",
                "{\"alpha\": [0.5, 0.3, 0.2]}",
                "{\"alpha\": [0.5, \"0.3\"]}",
                "{\"alpha\": [0.5, null]}",
                "{\"alpha\": [0.5, -0.3]}",
                "{\"alpha\": [0.5, 1e999]}",
                "{\"alpha\": [0, 0]}",
                "[0.5"
            })
    void whatIsNoSensitivityIsRefusedWithItsFile(String content) throws IOException {
        Path file = file(content);
        assertThatThrownBy(() -> FrameWeights.read(file, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + ": ");
    }
}
