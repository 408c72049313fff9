package io.arvid.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files written by PyTorch 2.13 against the values that PyTorch put into them; see {@code testdata/torch/README.md}. */
class TorchCheckpointTest {
    private static final Path FOLDER = Path.of("..", "testdata", "torch");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nested.pt",
                "nested_protocol4.pt",
                "nested_legacy.pt",
                "dtypes.pt",
                "dtypes_legacy.pth",
                "views.pt",
                "views_legacy.pt",
                "bare.pt"
            })
    void everyTensorHasItsNameTypeShapeAndValues(String name) {
        Path file = FOLDER.resolve(name);
        Set<String> expectedNames = new HashSet<>();
        Set<String> names = new HashSet<>();
        try (TensorScope scope = TensorScope.open();
                WeightMap expected = SafetensorsFile.open(FOLDER.resolve("expected.safetensors"))) {
            expected.names().stream().filter(n -> n.startsWith(name + "|")).forEach(expectedNames::add);
            for (CheckpointFile.Group group : CheckpointFile.describe(file).groups()) {
                try (WeightMap weights = CheckpointFile.load(file, group.name(), UnaryOperator.identity())) {
                    for (CheckpointFile.TensorInfo info : group.tensors()) {
                        String key = name + "|" + group.name() + "|" + info.name();
                        names.add(key);
                        Tensor actual = weights.get(info.name());
                        assertThat(DTypes.of(actual)).isEqualTo(info.type()).isEqualTo(DTypes.of(expected.get(key)));
                        assertThat(Tensors.shape(actual))
                                .isEqualTo(info.shape())
                                .isEqualTo(Tensors.shape(expected.get(key)));
                        assertThat(Tensors.toBytes(actual)).as(key).isEqualTo(Tensors.toBytes(expected.get(key)));
                        assertThat(actual.is_contiguous()).isTrue();
                    }
                }
            }
        }
        assertThat(names).isEqualTo(expectedNames).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"nested.pt", "nested_protocol4.pt", "nested_legacy.pt"})
    void groupsAndNotesComeInFileOrder(String name) {
        CheckpointFile.Contents contents = CheckpointFile.describe(FOLDER.resolve(name));

        assertThat(contents.groups().stream().map(CheckpointFile.Group::name))
                .containsExactly("generator", "generator_ema", "critic");
        assertThat(contents.groups().getFirst().tensors().stream().map(CheckpointFile.TensorInfo::name))
                .containsExactly("model.q.weight", "model.q.bias", "model.norm.weight", "model.norm.bias");
        assertThat(contents.notes())
                .containsEntry("step", "600")
                .containsEntry("lr", "2.0E-6")
                .containsEntry("name", "trained")
                .containsEntry("flags.0", "true")
                .containsEntry("flags.2", "-7")
                .containsEntry("flags.3", "1099511627776")
                .containsEntry("flags.4", "1180591620717411303424")
                .containsEntry("size.1", "4")
                .doesNotContainKey("flags.1");
    }

    @Test
    void wrappersComeOffTheNames() {
        for (String group : List.of("generator", "generator_ema", "critic")) {
            Path file = FOLDER.resolve("nested.pt");
            List<String> names = new ArrayList<>();
            CheckpointFile.describe(file).groups().stream()
                    .filter(g -> g.name().equals(group))
                    .forEach(g -> g.tensors().forEach(t -> names.add(t.name())));
            try (WeightMap weights = CheckpointFile.load(file, group, WrapperPrefixes.strip(names))) {
                assertThat(weights.names()).containsExactly("q.weight", "q.bias", "norm.weight", "norm.bias");
            }
        }
    }

    @Test
    void aWrapperInFrontGoesOnlyWhereAllNamesHaveIt() {
        assertThat(WrapperPrefixes.strip(List.of("module.model.a", "module.model.b"))
                        .apply("module.model.b"))
                .isEqualTo("b");
        assertThat(WrapperPrefixes.strip(List.of("model.a", "b")).apply("model.a"))
                .isEqualTo("model.a");
        assertThat(WrapperPrefixes.strip(List.of()).apply("model.a")).isEqualTo("model.a");
    }

    @Test
    void namesThatBecomeOneAreRefused() {
        assertThatThrownBy(() -> CheckpointFile.load(FOLDER.resolve("views.pt"), "views", name -> "same"))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("'same'");
    }

    @Test
    void aMissingGroupNamesThoseThatAreThere() {
        assertThatThrownBy(() -> CheckpointFile.load(FOLDER.resolve("nested.pt"), "ema", UnaryOperator.identity()))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("[generator, generator_ema, critic]");
    }

    @Test
    void aStorageBehindFourGigabytesIsFoundThroughZip64(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("large.pt");
        long padding = 5L << 30;
        Zip64 zip = new Zip64(file, padding);
        float[] values = {1, -2, 3.5f, 4};
        zip.write(values);

        try (WeightMap weights = CheckpointFile.load(file, "", UnaryOperator.identity())) {
            assertThat(Tensors.toFloats(weights.get("a"))).containsExactly(values);
            assertThat(weights.get("zeros").numel()).isEqualTo(padding);
        }
    }

    /** Writes a checkpoint of two storages, the first of them {@code padding} bytes of a sparse file, with zip64 records as PyTorch does. */
    private static final class Zip64 {
        private static final byte[] PICKLE = ("\u0080\u0002}(" + text("zeros") + tensor("0", "ByteStorage", true)
                        + text("a") + tensor("1", "FloatStorage", false) + "u.")
                .getBytes(StandardCharsets.ISO_8859_1);

        private final Path file;
        private final long padding;

        Zip64(Path file, long padding) {
            this.file = file;
            this.padding = padding;
        }

        private static String text(String value) {
            return "X" + (char) value.length() + "\0\0\0" + value;
        }

        private static String tensor(String key, String type, boolean large) {
            String count = large ? "\u008a\u0008\0\0\0\u0040\u0001\0\0\0" : "K\u0004";
            return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + type + "\n" + text(key)
                    + text("cpu") + count + "tQK\0" + count + "\u0085K\u0001\u0085\u0089NtR";
        }

        void write(float[] values) throws IOException {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                List<ByteBuffer> directory = new ArrayList<>();
                ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
                data.asFloatBuffer().put(values);
                put(channel, directory, "a/data.pkl", PICKLE.length, ByteBuffer.wrap(PICKLE));
                put(channel, directory, "a/data/0", padding, ByteBuffer.allocate(0));
                put(channel, directory, "a/data/1", data.capacity(), data);
                long start = channel.position();
                for (ByteBuffer entry : directory) {
                    channel.write(entry);
                }
                long end = channel.position();
                channel.write(little(56 + 20 + 22)
                        .putInt(0x06064b50)
                        .putLong(44)
                        .putShort((short) 45)
                        .putShort((short) 45)
                        .putInt(0)
                        .putInt(0)
                        .putLong(3)
                        .putLong(3)
                        .putLong(end - start)
                        .putLong(start)
                        .putInt(0x07064b50)
                        .putInt(0)
                        .putLong(end)
                        .putInt(1)
                        .putInt(0x06054b50)
                        .putInt(0)
                        .putShort((short) 3)
                        .putShort((short) 3)
                        .putInt((int) (end - start))
                        .putInt(-1)
                        .putShort((short) 0)
                        .flip());
            }
        }

        private static void put(
                FileChannel channel, List<ByteBuffer> directory, String name, long length, ByteBuffer data)
                throws IOException {
            long header = channel.position();
            byte[] nameBytes = name.getBytes(StandardCharsets.US_ASCII);
            channel.write(little(30 + nameBytes.length)
                    .putInt(0x04034b50)
                    .position(26)
                    .putShort((short) nameBytes.length)
                    .putShort((short) 0)
                    .put(nameBytes)
                    .flip());
            long start = channel.position();
            channel.write(data);
            channel.position(start + length);
            directory.add(little(46 + nameBytes.length + 28)
                    .putInt(0x02014b50)
                    .position(20)
                    .putInt(-1)
                    .putInt(-1)
                    .putShort((short) nameBytes.length)
                    .putShort((short) 28)
                    .position(42)
                    .putInt(-1)
                    .put(nameBytes)
                    .putShort((short) 1)
                    .putShort((short) 24)
                    .putLong(length)
                    .putLong(length)
                    .putLong(header)
                    .flip());
        }

        private static ByteBuffer little(int bytes) {
            return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
    }
}
