package io.arvid.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskBlocksTest {
    @TempDir
    private Path folder;

    @Test
    void whatIsInAFileStays() throws IOException {
        Path file = Files.writeString(folder.resolve("kv-0.bin"), "keys");
        DiskBlocks.reserve(file, 10_000);
        DiskBlocks.reserve(file, 10_000);
        assertThat(file).hasSize(10_000);
        assertThat(new String(Files.readAllBytes(file), 0, 4, java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("keys");
    }

    @Test
    void aFullDiskIsAnError() throws IOException {
        long more = Files.getFileStore(folder).getTotalSpace() * 2;
        assertThatThrownBy(() -> DiskBlocks.reserve(folder.resolve("kv-0.bin"), more))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no room");
    }
}
