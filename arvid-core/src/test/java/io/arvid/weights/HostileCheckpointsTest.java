package io.arvid.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every file in {@code attacks/} is refused with a {@link CheckpointException} of one line, and has its line in that folder's README. */
@Timeout(60)
class HostileCheckpointsTest {
    private static final Path ATTACKS = Path.of("..", "attacks");
    private static final Path MARKER = Path.of("/tmp/arvid-attack-succeeded");

    static List<Path> attacks() throws IOException {
        try (Stream<Path> files = Files.list(ATTACKS)) {
            return files.filter(file -> !file.getFileName().toString().equals("README.md"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void thereAreAttacks() throws IOException {
        assertThat(attacks()).hasSizeGreaterThan(140);
    }

    @ParameterizedTest
    @MethodSource("attacks")
    void isRefusedByName(Path file) {
        Throwable describing = catchThrowable(() -> CheckpointFile.describe(file));
        Throwable loading = catchThrowable(
                () -> CheckpointFile.load(file, "", UnaryOperator.identity()).close());

        for (Throwable refusal : new Throwable[] {describing, loading}) {
            assertThat(refusal).isInstanceOf(CheckpointException.class);
            assertThat(refusal.getMessage())
                    .startsWith(ATTACKS.toString())
                    .doesNotContain("\n")
                    .hasSizeLessThan(1500);
        }
        assertThat(MARKER).doesNotExist();
    }

    @Test
    void theReadmeSaysWhatEachDoes() throws IOException {
        String readme = Files.readString(ATTACKS.resolve("README.md"));
        assertThat(attacks()).allSatisfy(file -> assertThat(readme).contains("`" + file.getFileName() + "`"));
    }

    @Test
    void theRefusalNamesWhatWasAskedFor() {
        assertThatThrownBy(() -> CheckpointFile.describe(ATTACKS.resolve("os_system_protocol2.pt")))
                .hasMessageContaining("posix.system");
        assertThatThrownBy(() -> CheckpointFile.describe(ATTACKS.resolve("builtins_eval.pt")))
                .hasMessageContaining("__builtin__.eval");
        assertThatThrownBy(() -> CheckpointFile.describe(ATTACKS.resolve("inst.pt")))
                .hasMessageContaining("STRING");
        assertThatThrownBy(() -> CheckpointFile.describe(ATTACKS.resolve("inst_alone.pt")))
                .hasMessageContaining("INST");
        assertThatThrownBy(() -> CheckpointFile.describe(ATTACKS.resolve("big_endian.pt")))
                .hasMessageContaining("little-endian");
    }

    @Test
    void aFlatPickleOfMillionsOfDictsStopsEarly(@TempDir Path folder) throws IOException {
        Path file = torchFile(folder, "}".repeat(RestrictedUnpickler.MAX_STEPS + 1));

        assertThatThrownBy(() -> CheckpointFile.describe(file)).hasMessageContaining("instructions");
    }

    @Test
    void oneListThatIsCopiedInEveryCallStopsEarly(@TempDir Path folder) throws IOException {
        StringBuilder pairs = new StringBuilder("](");
        for (int i = 0; i < 1000; i++) {
            pairs.append("U\u0003").append(String.format("%03d", i)).append("K\u0001\u0086");
        }
        String dict = pairs + "e\u0085q\u0000ccollections\nOrderedDict\nq\u0001";
        Path dicts = torchFile(folder, dict + "h\u0001h\u0000R".repeat(200_000));
        assertThatThrownBy(() -> CheckpointFile.describe(dicts)).hasMessageContaining("again and again");

        String sizes = "](" + "K\u0001".repeat(1000) + "e\u0085q\u0000ctorch\nSize\nq\u0001";
        Path shapes = torchFile(folder, sizes + "h\u0001h\u0000R".repeat(200_000));
        assertThatThrownBy(() -> CheckpointFile.describe(shapes)).hasMessageContaining("torch.Size of 1000 dimensions");
    }

    @Test
    void aListOfStoragesThatHoldsItselfIsRefused(@TempDir Path folder) throws IOException {
        String magic = "\u0080\u0002\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019.";
        String protocol = "M\u00e9\u0003.";
        String system = "}U\rlittle_endian\u0088s.";
        String value = "}.";
        String keys = "]q\u0000]q\u0001h\u0000aa.";
        Path file = folder.resolve("circle.pt");
        Files.writeString(file, magic + protocol + system + value + keys, StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> CheckpointFile.describe(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("list of storages");
    }

    @Test
    void aShardWithAControlCharacterInItsNameIsRefused(@TempDir Path folder) throws IOException {
        Path index = folder.resolve("x.safetensors.index.json");
        Files.writeString(index, "{\"weight_map\": {\"a\": \"x\\u0000.safetensors\"}}");
        assertThatThrownBy(() -> CheckpointFile.describe(index))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("'x?.safetensors' leaves the folder");
    }

    @Test
    void longKeysInFrontOfManyNamesStopEarly(@TempDir Path folder) throws IOException {
        String key = "X\u0000\u0000\u0010\u0000" + "k".repeat(1 << 20);
        Path one = torchFile(folder, "}(U\u0001g}(" + key + numbers(10_000) + "uu.");
        assertThatThrownBy(() -> CheckpointFile.describe(one)).hasMessageContaining("names are longer");

        StringBuilder keys = new StringBuilder();
        for (int i = 0; i < 900; i++) {
            keys.append("X\u0084\u0003\u0000\u0000")
                    .append("%0900d".formatted(i))
                    .append("h\u0000");
        }
        Path many = torchFile(folder, "}(U\u0001d" + numbers(900) + "q\u0000U\u0001g}(" + keys + "uu.");
        assertThatThrownBy(() -> CheckpointFile.describe(many)).hasMessageContaining("names are longer");
    }

    /** A dict of {@code count} numbers under keys of four characters. */
    private static String numbers(int count) {
        StringBuilder dict = new StringBuilder("}(");
        for (int i = 0; i < count; i++) {
            dict.append("U\u0004").append("%04d".formatted(i)).append("K\u0001");
        }
        return dict.append("u").toString();
    }

    private static Path torchFile(Path folder, String latin1) throws IOException {
        byte[] pickle = latin1.getBytes(StandardCharsets.ISO_8859_1);
        Path file = folder.resolve("bomb.pt");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            CRC32 checksum = new CRC32();
            checksum.update(pickle);
            ZipEntry entry = new ZipEntry("bomb/data.pkl");
            entry.setMethod(ZipEntry.STORED);
            entry.setSize(pickle.length);
            entry.setCrc(checksum.getValue());
            zip.putNextEntry(entry);
            zip.write(pickle);
            zip.closeEntry();
        }
        return file;
    }

    @Test
    void aFolderAndAMissingFileAreNamed(@TempDir Path folder) {
        assertThatThrownBy(() -> CheckpointFile.describe(folder)).hasMessageContaining("is a folder");
        assertThatThrownBy(() -> CheckpointFile.describe(folder.resolve("x.pt")))
                .hasMessageContaining("no such file");
    }
}
