package io.arvid.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.model.wan.PublishedNetwork;
import io.arvid.model.wan.SyntheticModel;
import io.arvid.model.wan.WanConfig;
import io.arvid.rollout.DenseKvStore;
import io.arvid.rollout.RolloutListener;
import io.arvid.rollout.preset.Overrides;
import io.arvid.rollout.preset.Presets;
import io.arvid.run.PublishedModel;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Devices;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.TorchCheckpointWriter;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Verbs with {@code --preset}, on random weights of a small transformer. */
class PresetCommandsTest {
    private static final WanConfig SMALL = new WanConfig(64, 96, 2, 2, 16, 16, 8, 16, 16, new int[] {1, 2, 2}, 1e-6);

    private static final FileTime LONG_AGO = FileTime.fromMillis(0);

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Path model;
    private String preset = "self-forcing";

    @BeforeEach
    void synthesize() {
        Torch.setThreads(1);
        model = folder.resolve("model");
        Torch.withoutGradients(() -> {
            SyntheticModel.write(model, SMALL, List.<PublishedNetwork>of(), DTypes.BF16, 1, (name, count) -> {});
            return null;
        });
    }

    @AfterEach
    void backToTheProcessor() {
        Devices.use(Devices.CPU);
        Torch.setThreads(1);
    }

    private int run(String verb, String... more) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        List<String> arguments = new ArrayList<>(List.of(
                verb,
                "--preset",
                preset,
                "--model",
                model.toString(),
                "--threads",
                "1",
                "--height",
                "64",
                "--width",
                "96"));
        arguments.addAll(Arrays.asList(more));
        if (!arguments.contains("--frames")) {
            arguments.addAll(List.of("--frames", "21"));
        }
        CommandLine command = Arvid.commandLine();
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        return command.execute(arguments.toArray(String[]::new));
    }

    private String generate(String name, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "-p", "a cat", "--latents-only", "-o", folder.resolve(name).toString()));
        arguments.addAll(Arrays.asList(more));
        assertThat(run("generate", arguments.toArray(String[]::new)))
                .as(err.toString())
                .isZero();
        return hash(folder.resolve(name).resolve("0000.safetensors"));
    }

    private static String hash(Path file) throws IOException {
        return Arrays.hashCode(Files.readAllBytes(file)) + " " + Files.size(file);
    }

    @Test
    void theSameSeedMakesTheSameBytes() throws IOException {
        String first = generate("a", "--seed", "7");
        assertThat(generate("b", "--seed", "7")).isEqualTo(first);
        assertThat(generate("c", "--seed", "8")).isNotEqualTo(first);
    }

    @Test
    void aVideoGoesOnFromGivenLatents() throws IOException {
        generate("first", "--frames", "9");
        generate("more", "--start", folder.resolve("first/0000.safetensors").toString());
        assertThat(run(
                        "generate",
                        "-p",
                        "x",
                        "--latents-only",
                        "--frames",
                        "9",
                        "-o",
                        folder.toString(),
                        "--start",
                        folder.resolve("first/0000.safetensors").toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("do not begin a video");
        String first = folder.resolve("first").toString();
        String start = folder.resolve("first/0000.safetensors").toString();
        assertThat(run("generate", "-p", "x", "--latents-only", "-o", first, "--start", start))
                .isEqualTo(1);
        assertThat(err.toString()).contains("would be written over").hasLineCount(1);
    }

    @Test
    void aVideoThatOverflowedIsNamed() throws IOException {
        generate("first", "--frames", "9");
        assertThat(err.toString()).doesNotContain("infinite");
        Path start = folder.resolve("broken.safetensors");
        try (TensorScope scope = TensorScope.open();
                WeightMap first = SafetensorsFile.open(folder.resolve("first/0000.safetensors"))) {
            Tensor latents = Ops.mul(first.get("latents"), Double.POSITIVE_INFINITY);
            SafetensorsWriter.write(start, Map.of("latents", latents), Map.of());
        }
        generate("more", "--start", start.toString());
        assertThat(err.toString()).contains("latents of 0000.safetensors have entries that are infinite or no numbers");
    }

    @Test
    void generatingGoesOnWhereItStopped() throws IOException {
        model = folder.resolve("decoding");
        Torch.withoutGradients(() -> {
            List<PublishedNetwork> parts = List.of(PublishedNetwork.TINY_AUTOENCODER);
            SyntheticModel.write(model, SMALL, parts, DTypes.BF16, 1, (name, count) -> {});
            return null;
        });
        Path videos = folder.resolve("videos");
        generate("videos", "-p", "a dog");
        List<Path> latents = List.of(videos.resolve("0000.safetensors"), videos.resolve("0001.safetensors"));
        makeOld(videos);
        String[] decoded = {"-p", "a cat", "-p", "a dog", "-o", videos.toString()};
        assertThat(run("generate", decoded)).as(err.toString()).isZero();
        assertThat(latents).as("decoded as they were").allMatch(file -> LONG_AGO.equals(changed(file)));
        JsonNode record = new JsonMapper().readTree(videos.resolve("0001.json").toFile());
        assertThat(record.path("prompt").asText()).isEqualTo("a dog");

        Path video = videos.resolve("0000.mp4");
        Files.setLastModifiedTime(video, LONG_AGO);
        assertThat(run("generate", decoded)).as(err.toString()).isZero();
        assertThat(changed(video)).isEqualTo(LONG_AGO);
        Files.delete(video);
        assertThat(run("generate", decoded)).as(err.toString()).isZero();
        assertThat(video).exists();
        assertThat(latents).as("decoded once more").allMatch(file -> LONG_AGO.equals(changed(file)));
        generate("videos", "-p", "a dog");
        assertThat(latents).as("there already").allMatch(file -> LONG_AGO.equals(changed(file)));
        assertThat(run("generate", "-p", "a cat", "-o", videos.toString(), "--steps", "1000"))
                .isZero();
        assertThat(changed(latents.getFirst())).as("of other settings").isNotEqualTo(LONG_AGO);
        assertThat(video).exists();
        generate("videos", "--seed", "3");
        assertThat(video).as("of other latents").doesNotExist();
    }

    @Test
    void framesThatDoNotSplitAreRefusedInThePlan() throws IOException {
        assertThat(run("generate", "-p", "x", "--dry-run", "--frames", "13")).isEqualTo(1);
        assertThat(err.toString())
                .contains("4 noise frames do not split into chunks of 3")
                .hasLineCount(1);
        generate("frame", "--chunk-frames", "1", "--frames", "5");
        String start = folder.resolve("frame/0000.safetensors").toString();
        assertThat(run("generate", "-p", "x", "--dry-run", "--start", start)).isEqualTo(1);
        assertThat(err.toString()).contains("2 given frames do not split").hasLineCount(1);
        assertThat(run("generate", "-p", "x", "--dry-run", "--start", start, "--frames", "5"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("do not begin a video").hasLineCount(1);
    }

    @Test
    void chunksThatDoNotFitARollingWindowAreRefusedInThePlan() {
        preset = "rolling-forcing";
        assertThat(run("generate", "-p", "x", "--dry-run")).as(err.toString()).isZero();
        assertThat(run("generate", "-p", "x", "--dry-run", "--chunk-frames", "13", "--frames", "49"))
                .isEqualTo(1);
        assertThat(err.toString())
                .contains("a cache of 24 frames does not hold the anchor and another chunk of 13")
                .hasLineCount(1);
    }

    @Test
    void aCorrectionThatARollingWindowDoesNotMakeIsRefused() {
        preset = "rolling-forcing";
        String[] coded = {"-p", "x", "--dry-run", "--kv", "int4"};
        assertThat(run("generate", coded)).as(err.toString()).isZero();
        String[] corrected = {"-p", "x", "--dry-run", "--kv", "int4", "--kv-correct"};
        assertThat(run("generate", corrected)).isEqualTo(1);
        assertThat(err.toString()).contains("leave --kv-correct out").hasLineCount(1);
    }

    @Test
    void thePlanComesFirstAndTheLimitHolds() {
        assertThat(run("generate", "-p", "x", "--dry-run")).isZero();
        assertThat(out.toString()).contains("keys and values").contains("(peak)");
        assertThat(err.toString()).contains("cannot be run yet: ").contains("no complete video autoencoder");
        assertThat(run("generate", "-p", "x", "-o", folder.resolve("never").toString()))
                .as("nothing is rolled out that could not be decoded")
                .isEqualTo(3);
        assertThat(folder.resolve("never")).doesNotExist();
        assertThat(run("generate", "-p", "x", "--max-memory", "10M")).isEqualTo(1);
        assertThat(err.toString()).contains("--max-memory").hasLineCount(1);
        assertThat(run("generate", "-p", "x", "--max-memory", "much")).isEqualTo(2);
        assertThat(err.toString()).contains("write 16G");
    }

    @Test
    void aPlanIsPrintedAsJson() throws IOException {
        assertThat(run("generate", "-p", "x", "--dry-run", "--json")).isZero();
        JsonNode plan = new JsonMapper().readTree(out.toString());
        assertThat(plan.path("peak").asLong()).isPositive();
        assertThat(plan.path("memory")
                        .path(0)
                        .path("parts")
                        .path(0)
                        .path("name")
                        .asText())
                .isEqualTo("transformer");
        for (String verb : List.of("quantize", "sensitivity")) {
            assertThat(run(verb, calibration("--dry-run", "--json"))).isZero();
            plan = new JsonMapper().readTree(out.toString());
            assertThat(plan.path("peak").asLong()).isPositive();
            assertThat(plan.path("disk").asLong()).isPositive();
            assertThat(plan.path("seconds").path("rollouts").asDouble()).isPositive();
        }
    }

    @Test
    void settingsThatDoNotFitAreRefused() {
        for (String option : List.of("--shift=0", "--chunk-frames=0", "--threads=0", "--height=65", "--guidance=3")) {
            assertThat(run("generate", "-p", "x", option)).as(option).isEqualTo(2);
        }
        assertThat(err.toString()).contains("has no guidance");
    }

    @Test
    void sensitivitiesAreCheckedBeforeTheWork() throws IOException {
        Path file = Files.writeString(folder.resolve("sensitivity.json"), "{\"alpha\": [0.5, 0.3]}");
        assertThat(run("quantize", calibration("--dry-run", "--sensitivity", file.toString())))
                .isZero();
        assertThat(err.toString()).contains("--sensitivity changes nothing");
        Files.writeString(file, "{\"alpha\": [0.5, 0.3, 0.2]}");
        assertThat(run("quantize", calibration("--dry-run", "--sensitivity", file.toString())))
                .isEqualTo(1);
        assertThat(err.toString())
                .contains("sensitivity.json: 'alpha' must be an array of 2 numbers")
                .hasLineCount(1);
    }

    /** Recipe, prompts and output of a calibration, and {@code more}. */
    private String[] calibration(String... more) throws IOException {
        Path prompts = Files.writeString(folder.resolve("prompts.txt"), "a cat on a beach\n".repeat(4));
        List<String> options = new ArrayList<>(List.of("--prompts", prompts.toString(), "--recipe"));
        options.add(Path.of("..", "recipes", "q-arvd-full-w4a8.json").toString());
        options.addAll(List.of("-o", folder.resolve("planned").toString()));
        options.addAll(List.of(more));
        return options.toArray(String[]::new);
    }

    @Test
    void thePlanCountsTheRolloutsOfSensitivities() throws IOException {
        Path prompts = Files.writeString(folder.resolve("prompts.txt"), "a cat on a beach\n".repeat(4));
        String[] options = {
            "--recipe",
            Path.of("..", "recipes", "q-arvd-w4a8.json").toString(),
            "--prompts",
            prompts.toString(),
            "--dry-run"
        };
        assertThat(quantize(options, "packed")).as(err.toString()).isZero();
        assertThat(out.toString()).contains("for 22 roll-outs", " rounding", "packing");
        Path alpha = Files.writeString(folder.resolve("alpha.json"), "{\"alpha\": [1, 2]}");
        String[] given = Arrays.copyOf(options, options.length + 2);
        given[options.length] = "--sensitivity";
        given[options.length + 1] = alpha.toString();
        assertThat(quantize(given, "packed")).as(err.toString()).isZero();
        assertThat(out.toString()).contains("for 2 roll-outs", " rounding");
        assertThat(run("sensitivity", options)).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains("for 21 roll-outs", "weights rounded")
                .doesNotContain("packing", " rounding");
        assertThat(folder.resolve("packed.state")).doesNotExist();
    }

    /** The roll-outs of {@code arvid} record a block each: together no more than one that records all of them. */
    @Test
    void thePlannedDiskCountsEveryBlockOnce() throws IOException {
        long everyLayer = plannedDisk("\"method\": \"gptq\", \"calibrationPrompts\": 8");
        long blockByBlock = plannedDisk("\"method\": \"arvid\", \"weighting\": \"uniform\", \"calibrationPrompts\": 8");
        assertThat(blockByBlock).isBetween(everyLayer, everyLayer * 3 / 2);
    }

    @Test
    void thePlannedDiskIsThatOfTheNumberType() throws IOException {
        String recipe = "\"method\": \"gptq\", \"calibrationPrompts\": 8";
        assertThat(plannedDisk(recipe, "--dtype", "f32")).isGreaterThan(plannedDisk(recipe) * 9 / 5);
    }

    private long plannedDisk(String keys, String... more) throws IOException {
        Path recipe = Files.writeString(folder.resolve("recipe.json"), """
                {%s, "scheme": {"weights": {"grid": {"bits": 4, "symmetric": false}, "at": "per-channel"},
                "inputs": {"rule": "dynamic", "grid": {"bits": 8, "symmetric": false}, "at": "per-token"},
                "skip": ["time_embedding", "time_projection", "head"], "kv": {"rule": "full"}}}
                """.formatted(keys));
        Path prompts = Files.writeString(folder.resolve("prompts.txt"), "a cat on a beach\n".repeat(8));
        List<String> options = new ArrayList<>(List.of("--recipe", recipe.toString(), "--prompts", prompts.toString()));
        options.addAll(List.of("-o", folder.resolve("planned").toString(), "--dry-run", "--json"));
        options.addAll(List.of(more));
        assertThat(run("quantize", options.toArray(String[]::new)))
                .as(err.toString())
                .isZero();
        return new JsonMapper().readTree(out.toString()).path("disk").asLong();
    }

    @Test
    void tooFewPromptsAreRefusedBeforeTheWork() throws IOException {
        Path prompts = Files.writeString(folder.resolve("prompts.txt"), "a cat on a beach\n");
        Path alpha = Files.writeString(folder.resolve("alpha.json"), "{\"alpha\": [1, 2]}");
        String recipe = Path.of("..", "recipes", "q-arvd-w4a8.json").toString();
        String[] options = {"--recipe", recipe, "--prompts", prompts.toString(), "--dry-run"};
        for (String verb : List.of("quantize", "sensitivity")) {
            List<String> arguments = new ArrayList<>(List.of(options));
            arguments.addAll(List.of("-o", folder.resolve("never").toString()));
            assertThat(run(verb, arguments.toArray(String[]::new))).isEqualTo(1);
            assertThat(err.toString())
                    .contains("the recipe wants 4 calibration prompts; --prompts has 1")
                    .hasLineCount(1);
        }
        String[] given = Arrays.copyOf(options, options.length + 2);
        given[options.length] = "--sensitivity";
        given[options.length + 1] = alpha.toString();
        assertThat(quantize(given, "packed")).as(err.toString()).isZero();
    }

    @Test
    void whatCalibrationDoesNotRollOutIsRefused() throws IOException {
        ObjectNode local = new JsonMapper().valueToTree(Presets.find(preset));
        ((ObjectNode) local.path("rollout")).put("local_attn_size", 3);
        Path file = Files.writeString(folder.resolve("local.json"), local.toString());
        Map<String, String> reasons = Map.of(
                "rolling-forcing",
                "has a rolling window",
                "causal-forcing-long",
                "has a rolling window",
                file.toString(),
                "a cache of all 6 latent frames; preset 'self-forcing' has one of 3",
                "wan2.1-t2v-1.3b",
                "which has no roll-out");
        for (Map.Entry<String, String> reason : reasons.entrySet()) {
            preset = reason.getKey();
            for (String verb : List.of("quantize", "sensitivity")) {
                assertThat(run(verb, calibration("--dry-run"))).as(preset).isEqualTo(1);
                assertThat(err.toString()).contains(reason.getValue()).hasLineCount(1);
            }
        }
    }

    @Test
    void float32WeightsRunInBfloat16() throws IOException {
        String published = generate("published");
        model = folder.resolve("wide");
        Torch.withoutGradients(() -> {
            SyntheticModel.write(model, SMALL, List.<PublishedNetwork>of(), DTypes.F32, 1, (name, count) -> {});
            return null;
        });
        assertThat(generate("bf16")).isEqualTo(published);
        assertThat(out.toString()).containsPattern("transformer as BF16 +0.00 GiB\n");
        assertThat(generate("f32", "--dtype", "f32")).isNotEqualTo(published);
        assertThat(out.toString()).containsPattern("transformer +0.00 GiB  mapped");
        assertThat(run("generate", "-p", "x", "--dtype", "f16")).isEqualTo(1);
        assertThat(err.toString()).contains("there are bf16 and f32").hasLineCount(1);
    }

    @Test
    void theGroupOfATrainersFileIsConverted() throws IOException {
        Path folder = trained();
        model = folder;
        assertThat(run("generate", "-p", "x", "--dry-run")).as(err.toString()).isZero();
        assertThat(out.toString()).containsPattern("transformer as BF16 +0.00 GiB\n");
        try (PublishedModel opened = PublishedModel.open(Presets.find(preset), List.of(folder))) {
            assertThat(opened.card().group()).isEqualTo("generator_ema");
            assertThat(opened.copiedBytes()).isPositive();
            assertThat(opened.storedBytes()).isZero();
            assertThat(opened.weights().entries().values()).allMatch(tensor -> DTypes.of(tensor) == DTypes.BF16);
        }
    }

    /** The same weights in float32, as a trainer writes them, and a preset for their sizes. */
    private Path trained() throws IOException {
        Path written = Files.createDirectories(folder.resolve("trained"));
        Files.copy(model.resolve("config.json"), written.resolve("config.json"));
        try (WeightMap mapped = SafetensorsFile.open(model.resolve("diffusion_pytorch_model.safetensors"));
                WeightMap wide = mapped.to(DTypes.F32)) {
            Map<String, Tensor> generator = new LinkedHashMap<>();
            wide.entries().forEach((name, tensor) -> generator.put("model." + name, tensor));
            SequencedMap<String, Map<String, Tensor>> groups = new LinkedHashMap<>();
            groups.put("generator", generator);
            groups.put("generator_ema", generator);
            TorchCheckpointWriter.write(written.resolve("model.pt"), groups);
        }
        ObjectNode small = new JsonMapper().valueToTree(Presets.find(preset));
        preset = Files.writeString(
                        folder.resolve("small.json"), small.put("model", "").toString())
                .toString();
        return written;
    }

    @Test
    void theBidirectionalModelReportsItsSteps() {
        Overrides small = new Overrides(null, null, null, 64, 96, 5, null, 2, null, null, null);
        List<Integer> steps = new ArrayList<>();
        RolloutListener listener = new RolloutListener() {
            @Override
            public void solved(int index, Tensor latents) {
                steps.add(index);
            }
        };
        try (PublishedModel opened =
                        PublishedModel.open(Presets.find("wan2.1-t2v-1.3b").with(small), List.of(model));
                TensorScope scope = TensorScope.open()) {
            List<Tensor> texts = opened.textStates(List.of("a cat", "nothing"));
            opened.latents(
                    texts.getFirst(),
                    texts.getLast(),
                    null,
                    1,
                    opened.transformer().fullPrecision(),
                    DenseKvStore::new,
                    listener);
        }
        assertThat(steps).containsExactly(0, 1);
    }

    @Test
    void aDeviceThatIsNotThereIsMissing() {
        if (Torch.hasCuda()) {
            System.err.println("skipped: there is a GPU");
            return;
        }
        assertThat(run("generate", "-p", "x", "--device", "cuda")).isEqualTo(3);
        assertThat(err.toString()).contains("device cuda:0 cannot be used").hasLineCount(1);
        assertThat(run("generate", "-p", "x", "--device", "tpu")).isEqualTo(2);
        assertThat(err.toString()).contains("there are cpu, cuda");
    }

    @Test
    void aPackedModelRunsInIntegers() throws IOException {
        Path recipe = Files.writeString(folder.resolve("gptq.json"), """
                {"method": "gptq", "tokensPerSample": 8, "scheme": {
                  "weights": {"grid": {"bits": 8, "symmetric": false}, "at": "per-channel"},
                  "inputs": {"rule": "static", "grid": {"bits": 8, "symmetric": false}},
                  "skip": ["time_embedding", "time_projection", "head"],
                  "kv": {"rule": "full"}}}
                """);
        Path prompts = Files.writeString(folder.resolve("prompts.txt"), "a cat on a beach\n");
        String[] options = {"--recipe", recipe.toString(), "--prompts", prompts.toString()};
        assertThat(quantize(options, "packed")).as(err.toString()).isZero();
        String full = generate("full");
        assertThat(run("generate", "-p", "x", "-o", "v", "--latents-only", "--kernel", "emulated"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("is not packed").hasLineCount(1);
        model = folder.resolve("packed");
        String packed = generate("integers");
        assertThat(packed).isNotEqualTo(full);
        assertThat(out.toString()).contains("in integers: 22 layers by ");
        assertThat(generate("again")).isEqualTo(packed);
        generate("emulated", "--kernel", "emulated");
        assertThat(out.toString()).contains("in integers: 22 layers by emulated");
        assertThat(generate("kv", "--kv", "int8")).isNotEqualTo(packed);
        assertThat(err.toString()).doesNotContain("was quantized with");
        generate("steps", "--steps", "1000,500");
        assertThat(err.toString())
                .contains("was quantized with denoising_step_list [1000,750,500,250]; now it is run otherwise");
        forgetPreset(model.resolve("config.json"));
        generate("old", "--steps", "1000,500");
        assertThat(err.toString()).doesNotContain("was quantized with");
        assertThat(quantize(options, "twice")).isEqualTo(1);
        assertThat(err.toString()).contains("is quantized already").hasLineCount(1);
    }

    /** Makes the configuration one that does not say what the model was quantized with. */
    private static void forgetPreset(Path config) throws IOException {
        JsonNode json = new JsonMapper().readTree(config.toFile());
        ((ObjectNode) json.path("arvid_source")).remove(List.of("preset", "rollout"));
        Files.writeString(config, json.toString());
    }

    @Test
    void whatCannotBePackedIsRefusedBeforeTheWorkBegins() {
        for (String recipe : List.of("vidit-q-w4a8", "qvgen-w4a4")) {
            String file = Path.of("..", "recipes", recipe + ".json").toString();
            assertThat(quantize(new String[] {"--recipe", file, "--prompts", "none.txt"}, "refused"))
                    .isEqualTo(1);
            assertThat(err.toString())
                    .contains(recipe.startsWith("qvgen") ? "trains the model" : "timestepRanges")
                    .hasLineCount(1);
        }
    }

    @Test
    void quantizationGoesOnWhereItStopped() throws IOException {
        Path prompts = Files.writeString(folder.resolve("prompts.txt"), "a cat on a beach\n");
        String[] recipe = {
            "--recipe", Path.of("..", "recipes", "q-arvd-full-w4a8.json").toString(), "--prompts", prompts.toString()
        };
        assertThat(quantize(recipe, "whole")).as(err.toString()).isZero();
        assertThat(inspected("whole")).contains("quantized by q-arvd, format version 1", "kv cache    as it is");
        Path copy = folder.resolve("again.state");
        copy(folder.resolve("whole.state"), copy);
        loseSome(copy.resolve("layers"), 13);
        loseSome(copy.resolve("ranges-8"), 8);
        List<Path> kept = makeOld(copy);
        assertThat(quantize(recipe, "again")).as(err.toString()).isZero();
        assertThat(kept)
                .as("nothing that is finished is made anew")
                .hasSizeGreaterThan(22)
                .allMatch(file -> LONG_AGO.equals(changed(file)));
        for (String name : List.of("config.json", "model.safetensors")) {
            assertThat(hash(folder.resolve("again").resolve(name)))
                    .isEqualTo(hash(folder.resolve("whole").resolve(name)));
        }
        assertThat(quantize(
                        new String[] {
                            recipe[0],
                            recipe[1],
                            "--prompts",
                            prompts.toString(),
                            "--seed",
                            "5",
                            "--state",
                            copy.toString()
                        },
                        "other"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("of another run: seed (1000000 there, 5 here)");
    }

    /** Layers and recordings of a state, as if they had been written long ago. */
    private static List<Path> makeOld(Path state) throws IOException {
        try (Stream<Path> all = Files.walk(state)) {
            List<Path> files =
                    all.filter(file -> file.toString().endsWith(".safetensors")).toList();
            for (Path file : files) {
                Files.setLastModifiedTime(file, LONG_AGO);
            }
            return files;
        }
    }

    private static FileTime changed(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes the first {@code lost} files of the 22 layers in {@code folder}. */
    private static void loseSome(Path folder, int lost) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> layers = files.sorted().toList();
            assertThat(layers).hasSize(22);
            for (Path layer : layers.subList(0, lost)) {
                Files.delete(layer);
            }
        }
    }

    private String inspected(String name) {
        StringWriter text = new StringWriter();
        CommandLine command = Arvid.commandLine();
        command.setOut(new PrintWriter(text, true));
        assertThat(command.execute("inspect", folder.resolve(name).toString())).isZero();
        return text.toString();
    }

    private int quantize(String[] recipe, String name) {
        List<String> arguments = new ArrayList<>(Arrays.asList(recipe));
        arguments.addAll(List.of("-o", folder.resolve(name).toString()));
        return run("quantize", arguments.toArray(String[]::new));
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file));
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }
}
