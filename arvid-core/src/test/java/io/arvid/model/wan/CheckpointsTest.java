package io.arvid.model.wan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.wan.ModelCard.Layout;
import io.arvid.model.wan.ModelCard.Network;
import io.arvid.model.wan.ModelCard.Origin;
import io.arvid.tensor.DTypes;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.SparseCheckpoint;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints in the true names and shapes (as holes of sparse files) are told apart by what they hold; their file names say nothing. */
class CheckpointsTest {
    @TempDir
    Path folder;

    @Test
    void everyNetworkHasThePublishedNamesAndShapes() throws IOException {
        requirePublished("wan2.1_t2v_1.3B", WanConfig.wan1_3B().parameterShapes(), 825, 1_418_996_800L);
        requirePublished("wan2.1_t2v_14B", WanConfig.wan14B().parameterShapes(), 1095, 14_288_491_584L);
        requirePublished("wan2.1_vae", PublishedNetwork.VIDEO_AUTOENCODER.parameterShapes(), 194, 126_892_531L);
        requirePublished("umt5_xxl_encoder", PublishedNetwork.TEXT_ENCODER.parameterShapes(), 242, 5_680_910_336L);
        requirePublished("taehv", PublishedNetwork.TINY_AUTOENCODER.parameterShapes(), 128, 11_315_539L);
    }

    @Test
    void theOriginalLayoutIsTheBaseModel() {
        for (WanConfig config : List.of(WanConfig.wan1_3B(), WanConfig.wan14B())) {
            ModelCard card = only(SparseCheckpoint.safetensors(file(), config.parameterShapes(), DTypes.F32));

            assertThat(card.title())
                    .isEqualTo("Wan2.1-T2V-" + (config.dim() == 1536 ? "1.3B" : "14B") + " transformer");
            assertThat(card.network()).isEqualTo(Network.TRANSFORMER);
            assertThat(card.origin()).isEqualTo(Origin.BASE);
            assertThat(card.layout()).isEqualTo(Layout.ORIGINAL);
            assertThat(card.config()).usingRecursiveComparison().isEqualTo(config);
            assertThat(card.parametersByType()).containsOnlyKeys(DTypes.F32);
            assertThat(card.isComplete()).isTrue();
            assertThat(card.sites()).hasSize(10 * config.numLayers() + 6);
        }
    }

    @Test
    void theDiffusersLayoutIsMappedBothWays() {
        for (WanConfig config : List.of(WanConfig.wan1_3B(), WanConfig.wan14B())) {
            SequencedMap<String, long[]> diffusers = renamed(config.parameterShapes(), DiffusersNames::toDiffusers);
            assertThat(renamed(diffusers, DiffusersNames::toOriginal).keySet())
                    .containsExactlyElementsOf(config.parameterShapes().keySet());
            assertThat(diffusers.keySet())
                    .contains(
                            "condition_embedder.time_embedder.linear_1.weight",
                            "condition_embedder.time_proj.bias",
                            "condition_embedder.text_embedder.linear_2.weight",
                            "scale_shift_table",
                            "proj_out.weight",
                            "blocks.7.scale_shift_table",
                            "blocks.7.attn1.to_out.0.bias",
                            "blocks.7.attn2.norm_k.weight",
                            "blocks.7.norm2.weight",
                            "blocks.7.ffn.net.0.proj.weight",
                            "blocks.7.ffn.net.2.weight")
                    .noneMatch(name -> name.contains("self_attn") || name.contains("norm3"));

            ModelCard card = only(SparseCheckpoint.safetensors(file(), diffusers, DTypes.BF16));
            assertThat(card.layout()).isEqualTo(Layout.DIFFUSERS);
            assertThat(card.isComplete()).isTrue();
            try (WeightMap weights = Checkpoints.open(card)) {
                weights.requireShapes("diffusers", config.parameterShapes());
            }
        }
    }

    @Test
    void theAutoencoderOfADiffusersPipelineIsTheOriginalOne() {
        Map<String, long[]> original = PublishedNetwork.VIDEO_AUTOENCODER.parameterShapes();
        List<String> names = diffusersVaeNames();
        assertThat(names.stream().map(DiffusersVaeNames::toOriginal))
                .containsExactlyInAnyOrderElementsOf(original.keySet());
        Map.of(
                        "quant_conv.bias", "conv1.bias",
                        "encoder.conv_in.weight", "encoder.conv1.weight",
                        "decoder.mid_block.resnets.1.conv2.weight", "decoder.middle.2.residual.6.weight",
                        "encoder.mid_block.attentions.0.to_qkv.bias", "encoder.middle.1.to_qkv.bias",
                        "encoder.down_blocks.6.conv_shortcut.weight", "encoder.downsamples.6.shortcut.weight",
                        "encoder.down_blocks.5.time_conv.bias", "encoder.downsamples.5.time_conv.bias",
                        "decoder.up_blocks.1.resnets.0.conv_shortcut.bias", "decoder.upsamples.4.shortcut.bias",
                        "decoder.up_blocks.3.resnets.2.norm2.gamma", "decoder.upsamples.14.residual.3.gamma",
                        "decoder.up_blocks.2.upsamplers.0.resample.1.weight", "decoder.upsamples.11.resample.1.weight")
                .forEach((name, expected) ->
                        assertThat(DiffusersVaeNames.toOriginal(name)).isEqualTo(expected));
        String beyond = "encoder.mid_block.resnets.99999999999.conv1.weight";
        assertThat(DiffusersVaeNames.toOriginal(beyond)).isEqualTo(beyond);
        SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
        names.forEach(name -> shapes.put(name, original.get(DiffusersVaeNames.toOriginal(name))));

        requireDiffusers(Network.VIDEO_AUTOENCODER, shapes, original);
    }

    @Test
    void theTextEncoderOfADiffusersPipelineIsTheOriginalOne() {
        Map<String, long[]> original = PublishedNetwork.TEXT_ENCODER.parameterShapes();
        SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
        List<String> names = new ArrayList<>(List.of("shared.weight", "encoder.final_layer_norm.weight"));
        for (int block = 0; block < 24; block++) {
            for (String inside : List.of("q", "k", "v", "o", "relative_attention_bias")) {
                names.add("encoder.block." + block + ".layer.0.SelfAttention." + inside + ".weight");
            }
            for (String inside : List.of("wi_0", "wi_1", "wo")) {
                names.add("encoder.block." + block + ".layer.1.DenseReluDense." + inside + ".weight");
            }
            names.add("encoder.block." + block + ".layer.0.layer_norm.weight");
            names.add("encoder.block." + block + ".layer.1.layer_norm.weight");
        }
        names.forEach(name -> shapes.put(name, original.get(TransformersUmtNames.toOriginal(name))));
        assertThat(TransformersUmtNames.toOriginal("encoder.block.3.layer.1.DenseReluDense.wi_0.weight"))
                .isEqualTo("blocks.3.ffn.gate.0.weight");

        requireDiffusers(Network.TEXT_ENCODER, shapes, original);
    }

    private void requireDiffusers(Network network, SequencedMap<String, long[]> shapes, Map<String, long[]> original) {
        ModelCard card = only(SparseCheckpoint.safetensors(file(), shapes, DTypes.F32));
        assertThat(card.network()).isEqualTo(network);
        assertThat(card.layout()).isEqualTo(Layout.DIFFUSERS);
        assertThat(card.isComplete()).as(Checkpoints.describeDefects(card)).isTrue();
        try (WeightMap weights = Checkpoints.open(card)) {
            weights.requireShapes("diffusers", original);
        }
    }

    /** The names of {@code AutoencoderKLWan} with the sizes of Wan 2.1. */
    private static List<String> diffusersVaeNames() {
        List<String> modules = new ArrayList<>(List.of("quant_conv", "post_quant_conv"));
        for (String part : List.of("encoder", "decoder")) {
            modules.addAll(List.of(part + ".conv_in", part + ".conv_out", part + ".norm_out"));
            addResidual(modules, part + ".mid_block.resnets.0", false);
            addResidual(modules, part + ".mid_block.resnets.1", false);
            for (String inside : List.of("norm", "to_qkv", "proj")) {
                modules.add(part + ".mid_block.attentions.0." + inside);
            }
        }
        for (int i = 0; i < 11; i++) {
            String block = "encoder.down_blocks." + i;
            if (i % 3 == 2) {
                modules.add(block + ".resample.1");
            } else {
                addResidual(modules, block, i == 3 || i == 6);
            }
        }
        for (int level = 0; level < 4; level++) {
            for (int i = 0; i < 3; i++) {
                addResidual(modules, "decoder.up_blocks." + level + ".resnets." + i, level == 1 && i == 0);
            }
            if (level < 3) {
                modules.add("decoder.up_blocks." + level + ".upsamplers.0.resample.1");
            }
        }
        for (String timed : List.of("encoder.down_blocks.5", "encoder.down_blocks.8")) {
            modules.add(timed + ".time_conv");
        }
        for (int level = 0; level < 2; level++) {
            modules.add("decoder.up_blocks." + level + ".upsamplers.0.time_conv");
        }
        return modules.stream()
                .flatMap(module -> module.contains("norm")
                        ? Stream.of(module + ".gamma")
                        : Stream.of(module + ".weight", module + ".bias"))
                .toList();
    }

    private static void addResidual(List<String> modules, String block, boolean hasShortcut) {
        for (String inside : List.of("norm1", "conv1", "norm2", "conv2")) {
            modules.add(block + "." + inside);
        }
        if (hasShortcut) {
            modules.add(block + ".conv_shortcut");
        }
    }

    @Test
    void theGroupsOfATrainerAreCausalModelsAndTheirCritic() {
        Map<String, long[]> shapes = WanConfig.wan1_3B().parameterShapes();
        SequencedMap<String, Map<String, long[]>> groups = new LinkedHashMap<>();
        groups.put("generator", renamed(shapes, name -> "model." + name));
        groups.put("critic", renamed(shapes, name -> "model._orig_mod." + name));
        groups.put(
                "generator_ema",
                renamed(
                        shapes,
                        name -> "model._fsdp_wrapped_module."
                                + name.replaceFirst(
                                        "(blocks\\.\\d+)\\.", "$1._fsdp_wrapped_module._checkpoint_wrapped_module.")));

        List<ModelCard> cards = Checkpoints.inspect(SparseCheckpoint.torch(file(), groups, DTypes.F32));

        assertThat(cards).hasSize(3).allMatch(ModelCard::isComplete);
        assertThat(cards.stream().map(ModelCard::origin))
                .containsExactly(Origin.CAUSAL_FEW_STEP, Origin.CRITIC, Origin.CAUSAL_FEW_STEP);
        try (WeightMap weights = Checkpoints.open(cards.getLast())) {
            weights.requireShapes("generator_ema", shapes);
        }
    }

    @Test
    void openingTheLargestCheckpointTakesUnderTwoSeconds() {
        Map<String, long[]> shapes = WanConfig.wan1_3B().parameterShapes();
        Path file = SparseCheckpoint.torch(
                file(), Map.of("generator_ema", renamed(shapes, name -> "model." + name)), DTypes.F32);
        Checkpoints.open(only(file)).close();

        long start = System.nanoTime();
        Checkpoints.open(only(file)).close();
        assertThat((System.nanoTime() - start) / 1e9).isLessThan(2);
    }

    @Test
    void theOtherFilesOfAPipelineAreRecognised() {
        ModelCard vae = only(SparseCheckpoint.torch(
                file(), Map.of("", PublishedNetwork.VIDEO_AUTOENCODER.parameterShapes()), DTypes.F32));
        ModelCard text = only(SparseCheckpoint.torch(
                file(), Map.of("", PublishedNetwork.TEXT_ENCODER.parameterShapes()), DTypes.BF16));
        ModelCard tiny = only(SparseCheckpoint.torch(
                file(), Map.of("", PublishedNetwork.TINY_AUTOENCODER.parameterShapes()), DTypes.F16));

        assertThat(List.of(vae, text, tiny)).allMatch(ModelCard::isComplete);
        assertThat(vae.network()).isEqualTo(Network.VIDEO_AUTOENCODER);
        assertThat(text.network()).isEqualTo(Network.TEXT_ENCODER);
        assertThat(text.parameters()).isEqualTo(5_680_910_336L);
        assertThat(text.bytes()).isEqualTo(2 * 5_680_910_336L);
        assertThat(tiny.network()).isEqualTo(Network.TINY_AUTOENCODER);
    }

    @Test
    void whatIsMissingStrangeOrMisshapenIsNamed() {
        Map<String, long[]> shapes = WanConfig.wan1_3B().parameterShapes();
        shapes.remove("blocks.3.ffn.2.bias");
        shapes.put("blocks.3.lora.down", new long[] {8, 8});
        shapes.put("blocks.4.cross_attn.k.weight", new long[] {1536, 1535});

        ModelCard card = only(SparseCheckpoint.safetensors(file(), shapes, DTypes.F32));

        assertThat(card.missing()).containsExactly("blocks.3.ffn.2.bias");
        assertThat(card.unexpected()).containsExactly("blocks.3.lora.down");
        assertThat(card.misshapen())
                .containsExactly("blocks.4.cross_attn.k.weight [1536, 1535] instead of [1536, 1536]");
        assertThatThrownBy(() -> Checkpoints.open(card))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("1 missing: blocks.3.ffn.2.bias");
    }

    @Test
    void aTransformerOfOtherSizesNeedsItsNumberOfHeads() throws IOException {
        WanConfig small = new WanConfig(60, 96, 5, 2, 32, 48, 24, 8, 8, new int[] {1, 2, 2}, 1e-6);
        Path file = SparseCheckpoint.safetensors(file(), small.parameterShapes(), DTypes.F32);
        assertThat(only(file).missing()).singleElement().asString().contains("num_heads");

        Files.writeString(folder.resolve("config.json"), "{\"num_heads\": 5, \"text_len\": 24}");
        assertThat(only(file).isComplete()).isTrue();
        assertThat(only(file).config()).usingRecursiveComparison().isEqualTo(small);
    }

    @Test
    void theConfigurationOfAnotherModelDoesNotCount() throws IOException {
        Path file = SparseCheckpoint.safetensors(file(), WanConfig.wan1_3B().parameterShapes(), DTypes.F32);
        for (String other : List.of(
                "{\"d_model\": 4096, \"num_heads\": 64, \"num_layers\": 24}",
                "{\"dim\": 5120, \"num_heads\": 40, \"num_layers\": 40}",
                "{\"num_attention_heads\": 24, \"attention_head_dim\": 128, \"num_layers\": 30}")) {
            Files.writeString(folder.resolve("config.json"), other);
            assertThat(only(file).config()).usingRecursiveComparison().isEqualTo(WanConfig.wan1_3B());
            assertThat(only(file).model()).isEqualTo("wan2.1-t2v-1.3b");
        }
        Files.writeString(folder.resolve("config.json"), "{\"dim\": 1536, \"num_heads\": 24, \"num_layers\": 30}");
        assertThat(only(file).model()).as("other heads").isEmpty();
    }

    @Test
    void aTransformerOfSingleNumbersIsUnknown() {
        for (String scalar : List.of("blocks.0.modulation", "blocks.0.ffn.0.weight", "blocks.0.self_attn.q.weight")) {
            Map<String, long[]> shapes = new LinkedHashMap<>(Map.of(scalar, new long[0]));
            shapes.put("head.head.bias", new long[] {64});
            ModelCard card = only(SparseCheckpoint.safetensors(file(), shapes, DTypes.F32));
            assertThat(card.network()).isEqualTo(Network.UNKNOWN);
            assertThat(card.title()).contains(scalar + " is a single number");
        }
    }

    @Test
    void anotherNetworkIsUnknownAndCannotBeOpened() {
        ModelCard card =
                only(SparseCheckpoint.safetensors(file(), Map.of("layers.0.weight", new long[] {4, 4}), DTypes.F32));

        assertThat(card.network()).isEqualTo(Network.UNKNOWN);
        assertThatThrownBy(() -> Checkpoints.open(card)).hasMessageContaining("not a network that arvid knows");
    }

    @Test
    void aFolderIsReadFileByFile() throws IOException {
        SparseCheckpoint.torch(
                folder.resolve("a.pth"), Map.of("", PublishedNetwork.VIDEO_AUTOENCODER.parameterShapes()), DTypes.F32);
        SparseCheckpoint.safetensors(
                folder.resolve("b.safetensors"), WanConfig.wan1_3B().parameterShapes(), DTypes.F32);
        Files.writeString(folder.resolve("README.md"), "text");

        assertThat(Checkpoints.inspectFolder(folder).stream().map(ModelCard::network))
                .containsExactly(Network.VIDEO_AUTOENCODER, Network.TRANSFORMER);
    }

    @Test
    void shardsAreReadThroughTheirIndexAndNamedWithoutIt() throws IOException {
        Path parts = Files.createDirectories(folder.resolve("parts"));
        for (String shard : List.of("x-00001-of-00003.safetensors", "x-00003-of-00003.safetensors")) {
            SparseCheckpoint.safetensors(parts.resolve(shard), Map.of(shard, new long[] {4, 4}), DTypes.F32);
        }
        List<String> unreadable = new ArrayList<>();
        assertThat(Checkpoints.inspectFolder(folder, defect -> unreadable.add(defect.getMessage())))
                .isEmpty();
        assertThat(unreadable)
                .containsExactly(parts.resolve("x.safetensors.index.json")
                        + ": no such file beside 2 of its shards, which are not read without their index");

        Files.writeString(parts.resolve("x.safetensors.index.json"), """
                {"weight_map": {"x-00003-of-00003.safetensors": "x-00003-of-00003.safetensors"}}
                """);
        assertThat(Checkpoints.inspectFolder(folder)).hasSize(1);
    }

    private Path file() {
        return folder.resolve("weights.bin");
    }

    private static ModelCard only(Path file) {
        List<ModelCard> cards = Checkpoints.inspect(file);
        assertThat(cards).hasSize(1);
        return cards.getFirst();
    }

    private static SequencedMap<String, long[]> renamed(Map<String, long[]> shapes, UnaryOperator<String> rename) {
        SequencedMap<String, long[]> renamed = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> renamed.put(rename.apply(name), shape));
        return renamed;
    }

    private static void requirePublished(String model, Map<String, long[]> actual, int tensors, long parameters)
            throws IOException {
        assertThat(CheckpointShapes.of(actual))
                .isEqualTo(CheckpointShapes.published(model))
                .hasSize(tensors);
        assertThat(actual.values().stream()
                        .mapToLong(shape -> Arrays.stream(shape).reduce(1, (a, b) -> a * b))
                        .sum())
                .isEqualTo(parameters);
    }
}
