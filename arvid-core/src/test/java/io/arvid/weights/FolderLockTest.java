package io.arvid.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderLockTest {
    @TempDir
    Path home;

    @Test
    void aFolderIsTakenByOneAtATime() {
        Path folder = home.resolve("runs").resolve("demo");
        try (FolderLock held = FolderLock.take(folder, "the run")) {
            assertThat(folder).isDirectory();
            assertThatThrownBy(() -> FolderLock.take(folder, "the run"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the run is being used by another process; wait for it or choose another folder");
        }
        FolderLock.take(folder, "the run").close();
    }

    @Test
    void aPlaceThatCannotBeAFolderIsNamed() throws IOException {
        Path file = Files.writeString(home.resolve("file"), "");
        assertThatThrownBy(() -> FolderLock.take(file.resolve("run"), "the run"))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith("the run cannot be used: ");
    }
}
