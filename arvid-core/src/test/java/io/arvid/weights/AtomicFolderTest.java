package io.arvid.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFolderTest {
    @TempDir
    Path home;

    private static void put(Path file) {
        try {
            Files.writeString(file, "part");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long entries() throws IOException {
        try (Stream<Path> all = Files.list(home)) {
            return all.count();
        }
    }

    @Test
    void aFolderIsThereWholeOrNotAtAll() throws IOException {
        assertThatThrownBy(() -> AtomicFolder.write(home.resolve("model"), place -> {
                    put(place.resolve("a"));
                    throw new IllegalStateException("no more");
                }))
                .hasMessage("no more");
        assertThat(entries()).isZero();
        AtomicFolder.write(home.resolve("model"), place -> put(place.resolve("a")));
        assertThat(home.resolve("model").resolve("a")).hasContent("part");
        assertThat(entries()).isOne();
    }

    @Test
    void whatAKilledProcessLeftGoesWithTheNext() throws IOException {
        put(Files.createDirectories(home.resolve(".model.999999999.tmp")).resolve("a"));
        AtomicFolder.write(home.resolve("model"), place -> put(place.resolve("a")));
        assertThat(entries()).isOne();
    }

    @Test
    void whatAKilledProcessOfTheSameNumberLeftIsNotTakenOver() throws IOException {
        String mine = ".model." + ProcessHandle.current().pid() + ".tmp";
        put(Files.createDirectories(home.resolve(mine)).resolve("stale"));
        AtomicFolder.write(home.resolve("model"), place -> put(place.resolve("a")));
        assertThat(home.resolve("model").resolve("a")).exists();
        assertThat(home.resolve("model").resolve("stale")).doesNotExist();
        assertThat(entries()).isOne();
    }

    @Test
    void aFileThatIsBeingWrittenIsNotAbandoned() throws IOException {
        Path left = home.resolve(".old." + ProcessHandle.current().pid() + ".999999.tmp");
        put(left);
        AtomicFile.writeNamed(home.resolve("new"), place -> {
            put(place);
            AtomicFile.removeAbandoned(home);
            assertThat(place).exists();
        });
        assertThat(left).doesNotExist();
        assertThat(home.resolve("new")).hasContent("part");
        assertThat(entries()).isOne();
    }

    @Test
    void aStoppedProcessLeavesNothingHalfWritten() throws IOException {
        assertThatThrownBy(() -> AtomicFolder.write(home.resolve("model"), place -> {
                    put(place.resolve("a"));
                    AtomicFile.removeUnfinished();
                    assertThat(place).doesNotExist();
                    throw new IllegalStateException("stopped");
                }))
                .hasMessage("stopped");
        assertThat(entries()).isZero();
    }

    @Test
    void aPlaceToWriteToIsMadeAndLeftEmpty() throws IOException {
        Path below = home.resolve("runs").resolve("videos");
        AtomicFolder.requireWritable(below);
        assertThat(below).isEmptyDirectory();
        AtomicFolder.requireWritable(below);
        put(home.resolve("file"));
        assertThatThrownBy(() -> AtomicFolder.requireWritable(home.resolve("file/videos")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("cannot write to " + home.resolve("file/videos"));
    }
}
