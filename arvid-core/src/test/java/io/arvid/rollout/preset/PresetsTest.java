package io.arvid.rollout.preset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.wan.Checkpoints;
import io.arvid.model.wan.ModelCard;
import io.arvid.model.wan.PublishedNetwork;
import io.arvid.model.wan.WanConfig;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.DenoiseSchedule;
import io.arvid.rollout.RolloutConfig;
import io.arvid.tensor.DTypes;
import io.arvid.weights.MissingFileException;
import io.arvid.weights.SparseCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The presets carry the numbers of the upstream configurations, fit together, and can be overridden. */
class PresetsTest {
    @Test
    void everyPresetFitsTogether() {
        List<Preset> all = Presets.all();
        assertThat(new HashSet<>(all.stream().map(Preset::id).toList())).hasSameSizeAs(all);
        for (Preset preset : all) {
            assertThat(Presets.find(preset.id())).isNotNull();
            assertThat(preset.files()).isNotEmpty();
            if (preset.rollout() != null) {
                ChunkPlan plan =
                        ChunkPlan.of(preset.rollout(), 0, preset.video().latentFrames());
                assertThat(plan.frameCount()).isEqualTo(preset.video().latentFrames());
            }
        }
    }

    @Test
    void selfForcingHasSevenChunksOfThirtyFivePasses() {
        Preset preset = Presets.find("self-forcing");

        assertThat(preset.rollout()).usingRecursiveComparison().isEqualTo(RolloutConfig.selfForcing());
        assertThat(preset.video().latentFrames()).isEqualTo(21);
        assertThat(preset.video().tokensPerFrame()).isEqualTo(1560);
        assertThat(new DenoiseSchedule(preset.rollout()).passes(7)).isEqualTo(35);
    }

    @Test
    void theFewerStepModelsTakeFourForTheirFirstFrame() {
        DenoiseSchedule two =
                new DenoiseSchedule(Presets.find("causal-forcing-2step").rollout());
        assertThat(two.timesteps(0)).hasSize(4);
        assertThat(two.timesteps(1)).hasSize(2);
        DenoiseSchedule one =
                new DenoiseSchedule(Presets.find("causal-forcing-1step").rollout());
        assertThat(one.timesteps(0)).hasSize(4);
        assertThat(one.timesteps(1)).hasSize(1);
    }

    @Test
    void overridesReplaceWhatTheyName() {
        Preset preset = Presets.find("causal-forcing-2step")
                .with(new Overrides(new int[] {1000, 400}, 8.0, 3, 256, 320, 33, null, null, null, null, null));

        assertThat(preset.rollout().denoisingSteps()).containsExactly(1000, 400);
        assertThat(preset.rollout().firstChunkSteps()).isNull();
        assertThat(preset.rollout().shift()).isEqualTo(8);
        assertThat(preset.rollout().framesPerChunk()).isEqualTo(3);
        assertThat(preset.video()).isEqualTo(new VideoSize(256, 320, 33, 16));

        Guided guided = Presets.find("wan2.1-t2v-1.3b")
                .with(new Overrides(null, 3.0, null, null, null, null, "dpm++", 20, 7.5, 4, "nothing"))
                .sampler();
        assertThat(guided).isEqualTo(new Guided("dpm++", 20, 3, 7.5, 4, "nothing"));
    }

    @Test
    void whatWouldMeanAbsentIsNoOverride() {
        assertThatThrownBy(() -> new Overrides(null, 0.0, null, null, null, null, null, null, null, null, null))
                .hasMessageContaining("shift must be positive");
        assertThatThrownBy(() -> new Overrides(null, null, 0, null, null, null, null, null, null, null, null))
                .hasMessageContaining("chunk-frames must be positive");
    }

    @Test
    void stepsFallFromPureNoise() {
        for (int[] steps : List.of(new int[] {4}, new int[] {250, 1000}, new int[] {1000, 1000}, new int[] {1000, 0})) {
            Overrides overrides = new Overrides(steps, null, null, null, null, null, null, null, null, null, null);
            assertThatThrownBy(() -> Presets.find("self-forcing").with(overrides))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("steps are timesteps that fall from 1000");
        }
    }

    @Test
    void overridesThatDoNotApplyAreRefused() {
        Overrides guidance = new Overrides(null, null, null, null, null, null, null, null, 5.0, null, null);
        assertThatThrownBy(() -> Presets.find("self-forcing").with(guidance)).hasMessageContaining("no guidance");
        Overrides steps = new Overrides(new int[] {1000}, null, null, null, null, null, null, null, null, null, null);
        assertThatThrownBy(() -> Presets.find("wan2.1-t2v-14b").with(steps)).hasMessageContaining("no steps");
        Overrides size = new Overrides(null, null, null, 100, null, null, null, null, null, null, null);
        assertThatThrownBy(() -> Presets.find("self-forcing").with(size))
                .hasMessageContaining("the nearest are 96x832");
        Overrides frames = new Overrides(null, null, null, null, null, 80, null, null, null, null, null);
        assertThatThrownBy(() -> Presets.find("self-forcing").with(frames)).hasMessageContaining("77 or 81");
    }

    @Test
    void anUnknownNameNamesTheNearest() {
        assertThatThrownBy(() -> Presets.find("self-forcin")).hasMessageContaining("did you mean 'self-forcing'?");
    }

    @Test
    void aFileIsAPresetToo(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("mine.json");
        Files.writeString(file, """
                {"id": "mine", "title": "t", "upstream": "u", "model": "wan2.1-t2v-1.3b",
                 "rollout": {"num_frame_per_block": 3, "denoising_step_list": [1000]},
                 "video": {"height": 480, "width": 832, "frames": 9, "fps": 16}}
                """);
        assertThat(Presets.find(file.toString()).video().latentFrames()).isEqualTo(3);

        Files.writeString(file, "{\"id\": \"mine\", \"tittle\": \"t\"}");
        assertThatThrownBy(() -> Presets.find(file.toString())).hasMessageContaining("tittle");
    }

    @Test
    void whatAPresetFileLeavesOutIsNamed(@TempDir Path folder) throws IOException {
        String whole = """
                {"id": "mine", "model": "wan2.1-t2v-1.3b",
                 "sampler": {"solver": "unipc", "steps": 20, "shift": 5, "guidance": 6, "negative_prompt": ""},
                 "video": {"height": 480, "width": 832, "frames": 9, "fps": 16}}
                """;
        Path file = Files.writeString(folder.resolve("mine.json"), whole);
        assertThat(Presets.find(file.toString()).sampler()).isEqualTo(new Guided("unipc", 20, 5, 6, 0, ""));

        Map<String, String> parts = Map.of(
                "guidance", "\"guidance\": 6, ",
                "negative_prompt", ", \"negative_prompt\": \"\"",
                "model", "\"model\": \"wan2.1-t2v-1.3b\",");
        for (Map.Entry<String, String> part : parts.entrySet()) {
            Files.writeString(file, whole.replace(part.getValue(), ""));
            assertThatThrownBy(() -> Presets.find(file.toString()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + part.getKey() + "'");
        }
        assertThatThrownBy(() -> new Guided("unipc", 20, 5, Double.NaN, 0, ""))
                .hasMessageContaining("guidance must be a number");
        assertThatThrownBy(() -> new Guided("unipc", 20, 5, 6, 21, ""))
                .hasMessageContaining("unguided_steps must be from 0 to the 20 steps, not 21");
    }

    @Test
    void theGroupOfThePresetIsChosen(@TempDir Path folder) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        WanConfig.wan1_3B().parameterShapes().forEach((name, shape) -> shapes.put("model." + name, shape));
        Map<String, Map<String, long[]>> groups = new LinkedHashMap<>();
        groups.put("generator", shapes);
        groups.put("critic", shapes);
        groups.put("generator_ema", shapes);
        List<ModelCard> cards = Checkpoints.inspect(SparseCheckpoint.torch(folder.resolve("x.pt"), groups, DTypes.F32));

        assertThat(Presets.find("self-forcing").choose(cards).group()).isEqualTo("generator_ema");
        assertThat(Presets.find("causal-forcing").choose(cards).group()).isEqualTo("generator");
        assertThat(Presets.find("wan2.1-t2v-1.3b").choose(cards)).isNull();
        assertThat(Presets.fitting(cards.getFirst()).stream().map(Preset::id))
                .contains("self-forcing", "self-forcing-sid", "causal-forcing", "rolling-forcing")
                .doesNotContain("wan2.1-t2v-1.3b");
        assertThat(Presets.fitting(cards.get(1))).isEmpty();
    }

    private static Path checkpoint(Path file, String group) {
        Map<String, long[]> shapes = WanConfig.wan1_3B().parameterShapes();
        return SparseCheckpoint.torch(file, Map.of(group, shapes), DTypes.F32);
    }

    @Test
    void ofSeveralFilesThePresetsOwnIsTaken(@TempDir Path folder) throws IOException {
        Files.createDirectories(folder.resolve("checkpoints"));
        Path other = checkpoint(folder.resolve("a.pt"), "generator");
        checkpoint(folder.resolve("b.pt"), "generator");
        Path own = checkpoint(folder.resolve("checkpoints/self_forcing_sid.pt"), "generator");
        ModelFiles found = ModelFiles.open(List.of(folder));

        assertThat(found.transformer(Presets.find("self-forcing-sid")).file()).isEqualTo(own);
        assertThatThrownBy(() -> found.transformer(Presets.find("self-forcing")))
                .hasMessageContaining("3 files fit the preset 'self-forcing'")
                .hasMessageContaining("a.pt")
                .hasMessageContaining("b.pt")
                .hasMessageContaining("--model");
        assertThat(ModelFiles.open(List.of(other, folder))
                        .transformer(Presets.find("self-forcing-sid"))
                        .file())
                .isEqualTo(other);
    }

    @Test
    void aFileOfAnotherPresetIsToldFromTheOwn(@TempDir Path folder) throws IOException {
        Files.createDirectories(folder.resolve("framewise"));
        checkpoint(folder.resolve("framewise/causal_forcing.pt"), "generator");
        Preset chunkwise = Presets.find("causal-forcing");
        ModelCard card = ModelFiles.open(List.of(folder)).transformer(chunkwise);
        assertThat(Presets.otherOwner(chunkwise, card).id()).isEqualTo("causal-forcing-framewise");
        assertThat(Presets.otherOwner(Presets.find("causal-forcing-framewise"), card))
                .isNull();

        Path unnamed = checkpoint(folder.resolve("mine.pt"), "generator");
        assertThat(Presets.otherOwner(
                        chunkwise, ModelFiles.open(List.of(unnamed)).transformer(chunkwise)))
                .isNull();
    }

    @Test
    void aCausalModelWithoutItsGroupsRunsWhereItIsAskedFor(@TempDir Path folder) {
        Preset preset = Presets.find("self-forcing");
        for (String group : List.of("", "state_dict", "model")) {
            Path file = checkpoint(folder.resolve("x" + group + ".pt"), group);
            ModelCard card = ModelFiles.open(List.of(file)).transformer(preset);
            assertThat(card.group()).isEqualTo(group);
            assertThat(preset.fits(card)).isFalse();
        }
        Path critic = checkpoint(folder.resolve("critic.pt"), "critic");
        assertThatThrownBy(() -> ModelFiles.open(List.of(critic)).transformer(preset))
                .hasMessageContaining("no transformer");
    }

    @Test
    void linksAreFollowedAndAnUnreadableFileIsNamed(@TempDir Path folder) throws IOException {
        Path store = Files.createDirectories(folder.resolve("store"));
        Path models = Files.createDirectories(folder.resolve("models"));
        checkpoint(store.resolve("x.pt"), "generator");
        Files.createSymbolicLink(models.resolve("linked"), store);
        Files.createSymbolicLink(models.resolve("circle"), models);
        Files.createSymbolicLink(models.resolve("nowhere.pt"), folder.resolve("nowhere"));
        Files.writeString(models.resolve("broken.safetensors"), "this is no checkpoint");
        ModelFiles found = ModelFiles.open(List.of(models));

        assertThat(found.transformer(Presets.find("self-forcing")).file()).isEqualTo(models.resolve("linked/x.pt"));
        assertThatThrownBy(() -> found.network(ModelCard.Network.TEXT_ENCODER))
                .hasMessageContaining("not readable: ")
                .hasMessageContaining("broken.safetensors");
    }

    /** A {@code tokenizer.json} with {@code entries} pieces. */
    private static Path tokenizer(Path file, String kind, int entries) throws IOException {
        Files.createDirectories(file.getParent());
        String pieces = "[\"p\",-1],".repeat(entries - 1) + "[\"p\",-1]";
        return Files.writeString(file, "{\"model\":{\"type\":\"" + kind + "\",\"vocab\":[" + pieces + "]}}");
    }

    @Test
    void theTokenizerOfTheTextEncoderIsTaken(@TempDir Path folder) throws IOException {
        ModelFiles found = ModelFiles.open(List.of(folder));
        assertThatThrownBy(found::tokenizer).hasMessageEndingWith(": no tokenizer.json or spiece.model of umT5");

        Path clip = tokenizer(folder.resolve("clip/tokenizer.json"), "BPE", 49_408);
        Path t5 = tokenizer(folder.resolve("t5/tokenizer.json"), "Unigram", 32_100);
        Path broken = Files.writeString(folder.resolve("t5/spiece.model"), "no model");
        assertThatThrownBy(found::tokenizer)
                .isInstanceOf(MissingFileException.class)
                .hasMessageContaining(clip + " (BPE, 49408 entries); " + t5 + " (Unigram, 32100 entries); " + broken)
                .hasMessageContaining("not a protocol buffer");

        Path pieces = folder.resolve("wan/google/umt5-xxl/spiece.model");
        Path own = tokenizer(pieces.resolveSibling("tokenizer.json"), "Unigram", 256_300);
        Files.writeString(pieces, "\n\u0003\n\u0001p".repeat(256_000));
        assertThat(found.tokenizer()).isEqualTo(own);
        assertThat(ModelFiles.open(List.of(clip, own)).tokenizer())
                .as("given as files")
                .isEqualTo(own);
        Files.delete(own);
        assertThat(found.tokenizer()).isEqualTo(pieces);
        assertThat(ModelFiles.open(List.of(pieces)).tokenizer()).isEqualTo(pieces);
    }

    @Test
    void tokenizersThatDifferAreNamed(@TempDir Path folder) throws IOException {
        Path first = tokenizer(folder.resolve("a/tokenizer.json"), "Unigram", 256_300);
        Path second = tokenizer(folder.resolve("b/tokenizer.json"), "Unigram", 256_300);
        ModelFiles found = ModelFiles.open(List.of(folder));
        assertThat(found.tokenizer()).isEqualTo(first);

        tokenizer(second, "Unigram", 256_000);
        assertThatThrownBy(found::tokenizer)
                .hasMessageContaining("2 tokenizers of umT5 that differ: " + first + ", " + second);
        assertThat(ModelFiles.open(List.of(folder.resolve("b"), folder)).tokenizer())
                .isEqualTo(second);
    }

    @Test
    void anAutoencoderOfOtherSizesIsPassedOver(@TempDir Path folder) {
        Map<String, long[]> shapes = new LinkedHashMap<>(PublishedNetwork.TINY_AUTOENCODER.parameterShapes());
        Path published = SparseCheckpoint.safetensors(folder.resolve("taew2_1.safetensors"), shapes, DTypes.F16);
        shapes.replaceAll(
                (name, shape) -> Arrays.stream(shape).map(size -> 2 * size).toArray());
        Path other = SparseCheckpoint.safetensors(folder.resolve("autoencoder.safetensors"), shapes, DTypes.F16);
        ModelFiles found = ModelFiles.open(List.of(folder));

        assertThat(found.cards()).hasSize(2).allMatch(ModelCard::isComplete);
        assertThat(found.network(ModelCard.Network.TINY_AUTOENCODER).file()).isEqualTo(published);
        assertThat(ModelFiles.open(List.of(other)).has(ModelCard.Network.TINY_AUTOENCODER))
                .isFalse();
    }

    @Test
    void shardsWithoutTheirIndexAreNamed(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("model-00001-of-00002.safetensors"), "not read");
        ModelFiles found = ModelFiles.open(List.of(folder));
        assertThatThrownBy(() -> found.transformer(Presets.find("self-forcing")))
                .hasMessageContaining("no checkpoint was found; not readable: ")
                .hasMessageContaining("model.safetensors.index.json: no such file beside 1 of its shards");
    }

    @Test
    void theFilesOfAModelGiveEveryPart(@TempDir Path folder) throws IOException {
        Map<String, long[]> wrapped = new LinkedHashMap<>();
        WanConfig.wan1_3B().parameterShapes().forEach((name, shape) -> wrapped.put("model." + name, shape));
        Path checkpoint = SparseCheckpoint.torch(folder.resolve("x.pt"), Map.of("generator_ema", wrapped), DTypes.F32);
        Path base = Files.createDirectories(folder.resolve("wan/google/umt5-xxl"));
        tokenizer(base.resolve("tokenizer.json"), "Unigram", 256_300);
        Map<String, long[]> vae = PublishedNetwork.VIDEO_AUTOENCODER.parameterShapes();
        SparseCheckpoint.torch(folder.resolve("wan/Wan2.1_VAE.pth"), Map.of("", vae), DTypes.F32);

        ModelFiles found = ModelFiles.open(List.of(folder.resolve("wan"), checkpoint));

        assertThat(found.transformer(Presets.find("self-forcing")).group()).isEqualTo("generator_ema");
        assertThat(found.network(ModelCard.Network.VIDEO_AUTOENCODER).model()).isEqualTo("wan2.1-vae");
        assertThat(found.has(ModelCard.Network.TEXT_ENCODER)).isFalse();
        assertThat(found.tokenizer()).isEqualTo(base.resolve("tokenizer.json"));
        assertThatThrownBy(() -> found.transformer(Presets.find("wan2.1-t2v-14b")))
                .hasMessageContaining("bidirectional wan2.1-t2v-14b")
                .hasMessageContaining("Wan2.1-T2V-1.3B transformer (group generator_ema)");
        assertThatThrownBy(() -> found.network(ModelCard.Network.TEXT_ENCODER))
                .hasMessageContaining("no complete text");
    }
}
