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
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("large", new long[] {5, 1L << 28});
        shapes.put("small", new long[] {4});
        Path file = SparseCheckpoint.torch(folder.resolve("large.pt"), Map.of("generator", shapes), DTypes.F32);
        float[] values = {1, -2, 3.5f, 4};
        writeBeforeDirectory(file, values);

        try (WeightMap weights = CheckpointFile.load(file, "generator", UnaryOperator.identity())) {
            assertThat(Tensors.shape(weights.get("large"))).containsExactly(5, 1L << 28);
            assertThat(Tensors.toFloats(weights.get("small"))).containsExactly(values);
        }
    }

    /** Fills the last storage of a sparse checkpoint, which ends where the zip directory (the first 0x02014b50 from there on) begins. */
    private static void writeBeforeDirectory(Path file, float[] values) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer end = ByteBuffer.allocate(98).order(ByteOrder.LITTLE_ENDIAN);
            channel.read(end, channel.size() - 98);
            long directory = end.getLong(48);
            ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
            data.asFloatBuffer().put(values);
            channel.write(data, directory - data.capacity());
        }
    }
}
