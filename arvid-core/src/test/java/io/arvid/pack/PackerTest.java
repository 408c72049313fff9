package io.arvid.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.model.wan.WanConfig;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackerTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    Path folder;

    private final WanConfig config = TinyPlans.config();
    private WeightMap weights;
    private QuantPlan plan;

    @BeforeEach
    void makeAPlan() {
        Torch.setThreads(1);
        weights = TinyPlans.weights(config, DTypes.BF16, 1);
        plan = TinyPlans.plan(config, weights, TinyPlans::mixed);
    }

    @AfterEach
    void close() {
        plan.close();
        weights.close();
    }

    private PackedSource source() {
        return new PackedSource(weights, JSON.valueToTree(config), SourceLayout.SELF_FORCING, null);
    }

    private Path pack() {
        Path packed = folder.resolve("packed");
        Packer.write(packed, plan, source());
        return packed;
    }

    @Test
    void packThenUnpackReturnsThePlan() {
        try (PackedModelFile file = PackedModelFile.open(pack());
                QuantPlan read = file.plan();
                TensorScope scope = TensorScope.open()) {
            assertThat(read.method()).isEqualTo("test");
            assertThat(read.kv()).isEqualTo(plan.kv());
            assertThat(read.layers().sequencedKeySet())
                    .containsExactlyElementsOf(plan.layers().sequencedKeySet());
            read.layers()
                    .forEach((site, layer) -> assertThat(PlanComparison.difference(
                                    layer, plan.layers().get(site)))
                            .as(site.name())
                            .isEmpty());
            assertThat((Object) file.modelConfig()).isEqualTo(JSON.valueToTree(config));
            assertThat(file.source()).isEqualTo(SourceLayout.SELF_FORCING);
        }
    }

    @Test
    void whatIsNotQuantizedStaysAsItIs() {
        try (PackedModelFile file = PackedModelFile.open(pack())) {
            weights.entries().forEach((name, tensor) -> {
                boolean quantized =
                        plan.layers().keySet().stream().anyMatch(site -> name.equals(site.name() + ".weight"));
                assertThat(file.unquantized().has(name)).as(name).isEqualTo(!quantized);
                if (!quantized) {
                    assertThat(file.unquantized().get(name).equal(tensor))
                            .as(name)
                            .isTrue();
                }
            });
        }
    }

    @Test
    void thePackedLayerKeepsOutlierColumnsFirst() {
        try (TensorScope scope = TensorScope.open()) {
            LayerPlan dual = plan.layers().entrySet().stream()
                    .filter(entry -> entry.getKey().name().equals("blocks.1.ffn.2"))
                    .findFirst()
                    .orElseThrow()
                    .getValue();
            PackedLayer packed = PackedLayer.of(dual);
            assertThat(packed.outlierCount()).isEqualTo(32);
            assertThat(packed.keptCodes().equal(dual.codes().index_select(1, packed.columnOrder())))
                    .isTrue();
        }
    }

    @Test
    void aPlaceThatIsTakenIsRefusedAndStaysAsItIs() throws IOException {
        Path taken = Files.createDirectories(folder.resolve("taken"));
        Files.writeString(taken.resolve("notes.txt"), "mine");
        assertThatThrownBy(() -> Packer.write(taken, plan, source()))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("exists already");
        assertThat(taken).isDirectoryContaining(path -> path.endsWith("notes.txt"));
    }

    @Test
    void aFailureLeavesNothing() throws IOException {
        QuantPlan wrong = TinyPlans.plan(
                config,
                weights,
                (site, weight) -> TinyPlans.plain(
                        Ops.slice(weight, 0, 0, 7), 8, true, new Granularity.PerChannel(), TinyPlans.staticInput(8)));
        try (wrong) {
            assertThatThrownBy(() -> Packer.write(folder.resolve("packed"), wrong, source()))
                    .hasMessageContaining("the plan of text_embedding.0 is for [7, 40], its weight is [48, 40]");
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void whatIsQuantizedAlreadyIsRefused() {
        ObjectNode quantized = JSON.valueToTree(config);
        quantized.putObject("quantization_config").put("quant_method", "arvid").put("method", "q-arvd");
        PackedSource again = new PackedSource(weights, quantized, SourceLayout.WAN, null);
        assertThatThrownBy(() -> Packer.write(folder.resolve("again"), plan, again))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("quantized already (quant_method 'arvid', method 'q-arvd')");
        try (PackedModelFile file = PackedModelFile.open(pack());
                WeightMap codes = WeightMap.of(java.util.Map.of(
                        "blocks.0.ffn.0.weight_packed",
                        file.layers().firstEntry().getValue().packed()))) {
            assertThatThrownBy(() -> QuantizedSource.refuse("m.safetensors", codes))
                    .hasMessageContaining("m.safetensors is quantized already: it holds blocks.0.ffn.0.weight_packed");
        }
    }

    /** Version 1 stays readable by older readers; what only version 2 can say is marked so. */
    @Test
    void aCacheByChunkIsVersionTwoAndReadsBack() {
        KvPlan.ByChunk byChunk = new KvPlan.ByChunk(List.of(16, 8, 4, 2), 0, GroupedQuantizer.Axis.CHANNELS);
        Path packed = folder.resolve("by-chunk");
        try (QuantPlan other = new QuantPlan("test", plan.layers(), byChunk)) {
            Packer.write(packed, other, source());
        }
        try (PackedModelFile file = PackedModelFile.open(packed);
                PackedModelFile older = PackedModelFile.open(pack())) {
            assertThat(file.formatVersion()).isEqualTo(2);
            assertThat(older.formatVersion()).isEqualTo(1);
            assertThat(file.kv()).isEqualTo(byChunk);
            assertThat(file.kv().quantization().bitsByChunk()).containsExactly(16, 8, 4, 2);
            assertThat(file.kv().text()).isEqualTo("16,8,4,2 bits by chunk, 7.50 on average");
        }
    }

    @Test
    void aCacheOfImpossibleWidthIsRefused() throws IOException {
        Path packed = pack();
        Path configFile = packed.resolve("config.json");
        String text = Files.readString(configFile);
        Files.writeString(
                configFile,
                text.replace(
                        "\"rule\" : \"full\"\n    }",
                        "\"rule\" : \"grouped\", \"bits\" : 3, \"group_size\" : 0, \"along\" : \"TOKENS\"\n    }"));
        assertThat(Files.readString(configFile)).isNotEqualTo(text);
        assertThatThrownBy(() -> PackedModelFile.open(packed))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("3 bits");
    }

    @ParameterizedTest
    @CsvSource({"0", "2000000000"})
    void impossibleNumbersOfBucketsAreRefused(int count) throws IOException {
        Path packed = pack();
        Path configFile = packed.resolve("config.json");
        String text = Files.readString(configFile);
        Files.writeString(configFile, text.replace("\"count\" : 4", "\"count\" : " + count));
        assertThat(Files.readString(configFile)).isNotEqualTo(text);
        assertThatThrownBy(() -> PackedModelFile.open(packed))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(count + " buckets");
    }

    @Test
    void aNewerVersionIsRefusedByName() throws IOException {
        Path packed = pack();
        Path configFile = packed.resolve("config.json");
        Files.writeString(
                configFile, Files.readString(configFile).replace("\"format_version\" : 1", "\"format_version\" : 3"));
        assertThatThrownBy(() -> PackedModelFile.open(packed))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("packed format version 3 is newer than version 2");
    }

    @Test
    void aLayerWithoutItsScaleIsRefusedByName() throws IOException {
        Path packed = pack();
        Path tensors = packed.resolve("model.safetensors");
        String name = "blocks.0.self_attn.q.weight_scale";
        byte[] bytes = Files.readAllBytes(tensors);
        String header = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
        try (FileChannel channel = FileChannel.open(tensors, StandardOpenOption.WRITE)) {
            channel.write(
                    java.nio.ByteBuffer.wrap("blocks.0.self_attn.q.weight_scxxe".getBytes()), header.indexOf(name));
        }
        assertThatThrownBy(() -> PackedModelFile.open(packed))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(name + " is missing");
    }

    @Test
    void sizesCountEverything() throws IOException {
        PackedSize size = Packer.write(folder.resolve("packed"), plan, source());
        try (PackedModelFile file = PackedModelFile.open(folder.resolve("packed"))) {
            assertThat(size).isEqualTo(file.size());
            assertThat(size.parameters()).isEqualTo(weights.parameterCount());
            assertThat(size.bytes())
                    .isLessThanOrEqualTo(Files.size(folder.resolve("packed/model.safetensors")))
                    .isGreaterThan(Files.size(folder.resolve("packed/model.safetensors")) - 40_000);
        }
    }

    /** Codes, scales, zero points and biases of every layer of a block of the 1.3B model, in the paper's scheme; of the dual scale a twentieth of the columns. */
    @ParameterizedTest
    @CsvSource({"8,false,0.51", "4,false,0.27", "8,true,0.51", "4,true,0.27"})
    void layersOfTheFullSizedModelAreSmall(int bits, boolean dual, double shareOfBf16) {
        long bytes = 0;
        long parameters = 0;
        for (int[] shape : new int[][] {{1536, 1536}, {1536, 8960}, {8960, 1536}}) {
            int count = shape[0] == shape[1] ? 8 : 1;
            try (TensorScope scope = TensorScope.open()) {
                Tensor weight = Tensors.ones(DTypes.F32, shape[1], shape[0]);
                LayerPlan layer = dual
                        ? TinyPlans.dual(weight, bits, 20, TinyPlans.staticInput(8), TinyPlans.staticInput(8))
                        : TinyPlans.plain(weight, bits, false, new Granularity.PerChannel(), TinyPlans.staticInput(8));
                Map<String, Tensor> file = new java.util.HashMap<>();
                new LayerWriter("layer", file).write(PackedLayer.of(layer));
                long stored = file.values().stream().mapToLong(Tensor::nbytes).sum();
                bytes += count * (stored + 2L * shape[1]);
                parameters += count * (weight.numel() + shape[1]);
            }
        }
        assertThat(bytes / (2.0 * parameters)).isLessThanOrEqualTo(shareOfBf16);
    }
}
