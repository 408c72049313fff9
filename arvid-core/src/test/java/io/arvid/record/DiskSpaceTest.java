package io.arvid.record;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskSpaceTest {
    @TempDir
    Path folder;

    @Test
    void moreThanTheDiskHasIsRefusedInOneLine() {
        Path state = folder.resolve("not/there/yet");
        assertThatThrownBy(() -> DiskSpace.require(state, Long.MAX_VALUE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("more on the disk of " + state)
                .hasMessageNotContaining("\n");
    }

    @Test
    void whatIsThereAlreadyCounts() throws IOException {
        Files.write(folder.resolve("pass"), new byte[1000]);
        long free = Files.getFileStore(folder).getUsableSpace();
        assertThatCode(() -> DiskSpace.require(folder, 1000)).doesNotThrowAnyException();
        assertThatThrownBy(() -> DiskSpace.require(folder, 2 * free + 1000)).hasMessageContaining("are free");
    }
}
