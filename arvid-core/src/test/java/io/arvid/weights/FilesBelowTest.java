package io.arvid.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilesBelowTest {
    @Test
    void theTokenizerInAModelStoreIsReached(@TempDir Path folder) throws IOException {
        Path store = folder.resolve("models--Wan-AI--Wan2.1-T2V-1.3B/snapshots/37ec512/google/umt5-xxl");
        Path tokenizer = Files.writeString(Files.createDirectories(store).resolve("tokenizer.json"), "{}");
        Path deeper = Files.createDirectories(store.resolve("more"));
        Files.writeString(deeper.resolve("tokenizer.json"), "{}");

        assertThat(FilesBelow.of(folder)).containsExactly(tokenizer);
        assertThat(FilesBelow.of(store)).hasSize(2);
    }
}
