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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
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
