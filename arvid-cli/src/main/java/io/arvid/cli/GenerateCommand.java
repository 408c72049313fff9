package io.arvid.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.kernel.Kernel;
import io.arvid.kernel.KernelCatalogue;
import io.arvid.model.SiteForward;
import io.arvid.model.wan.WanTransformer;
import io.arvid.pack.PackedModelFile;
import io.arvid.record.Progress;
import io.arvid.rollout.KvStore;
import io.arvid.rollout.RolloutListener;
import io.arvid.rollout.kv.KvQuantization;
import io.arvid.run.Generator;
import io.arvid.run.ModelFolder;
import io.arvid.run.PublishedModel;
import io.arvid.run.QuantizedModel;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Devices;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import io.arvid.video.VideoEncoding;
import io.arvid.video.VideoFile;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.AtomicFolder;
import io.arvid.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code arvid generate}: videos from prompts, with a model in full precision or a packed one. */
@Command(
        name = "generate",
        description = "Generates videos with a model, packed or in full precision.",
        mixinStandardHelpOptions = true)
final class GenerateCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--model",
            paramLabel = "FOLDER",
            description = "Folder of the model; the bundled one where it is not given.")
    private Path model = Home.bundledModel();

    @Option(
            names = {"-p", "--prompt"},
            paramLabel = "TEXT",
            description = "What the video shows; may be given more than once.")
    private List<String> prompts = List.of();

    @Option(names = "--prompts", paramLabel = "FILE", description = "Prompts, one a line.")
    private @Nullable Path promptFile;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of the first prompt's noise (default: ${DEFAULT-VALUE}).")
    private long seed = 0;

    @Option(
            names = "--kernel",
            paramLabel = "NAME",
            description =
                    "How a packed model multiplies: ${COMPLETION-CANDIDATES}; the fastest that runs a layer where"
                            + " it is not given. emulated is the same integers without oneDNN, simulated is what calibration computes with.")
    private @Nullable Kernel kernel;

    @Option(names = "--latents", description = "Keep the latents beside each video.")
    private boolean keepLatents;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FOLDER",
            description = "Where videos go (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("runs", "videos");

    @Option(
            names = "--start",
            paramLabel = "FILE",
            description = "Clean latents that the video starts with: 'latents' of a safetensors file; with --preset.")
    private @Nullable Path start;

    @Option(names = "--latents-only", description = "Write latents and no videos; with --preset.")
    private boolean latentsOnly;

    @Mixin
    private PresetOptions preset = new PresetOptions();

    @Mixin
    private KvOptions kv = new KvOptions();

    @Mixin
    private Output output = new Output();

    /**
     * One video of the result, kept beside it: where it says the same, the video of an earlier run is used.
     *
     * @param prompt what was asked for
     * @param seed of the noise
     * @param file the video, in the folder of the result
     * @param model hash of the model
     * @param arithmetic kernel and cache
     */
    record Made(String prompt, long seed, String file, String model, String arithmetic) {
        private static final JsonMapper JSON = new JsonMapper();
        private static final String DECODED = ", decoded by ";

        boolean isIn(Path folder, String name, boolean latents) {
            return Files.isRegularFile(folder.resolve(file))
                    && (!latents || Files.isRegularFile(folder.resolve(name + ".safetensors")))
                    && Optional.of(this).equals(read(folder, name));
        }

        /** True where the latents that this describes are in {@code folder}, whatever they were decoded by since. */
        boolean hasLatentsIn(Path folder, String name) {
            return Files.isRegularFile(folder.resolve(name + ".safetensors"))
                    && read(folder, name)
                            .filter(noted -> equals(new Made(noted.prompt, noted.seed, file, noted.model, arithmetic)))
                            .filter(noted -> (noted.arithmetic + DECODED).startsWith(arithmetic + DECODED))
                            .isPresent();
        }

        /** What an earlier run noted of the video {@code name}; empty where there is none, or none that can be read. */
        static Optional<Made> read(Path folder, String name) {
            Path record = folder.resolve(name + ".json");
            if (!Files.isRegularFile(record)) {
                return Optional.empty();
            }
            try {
                return Optional.ofNullable(JSON.readValue(record.toFile(), Made.class))
                        .filter(made -> made.prompt() != null && made.file() != null);
            } catch (IOException e) {
                return Optional.empty();
            }
        }

        /** The video of the latents that this describes, in the file {@code video}. */
        Made decoded(String video, String decoder) {
            return new Made(prompt, seed, video, model, arithmetic + DECODED + decoder);
        }

        /** The same with the video's whole path. */
        Made in(Path folder) {
            return new Made(prompt, seed, folder.resolve(file).toString(), model, arithmetic);
        }

        /** Removes what another run left in place of this; the record first, since it must not speak of a video that it is not of. */
        static void remove(Path folder, String name) {
            for (String ending : List.of(".json", ".mp4", ".safetensors")) {
                AtomicFolder.remove(folder.resolve(name + ending));
            }
        }

        void write(Path folder, String name) {
            AtomicFile.write(
                    folder.resolve(name + ".json"), JSON.valueToTree(this).toPrettyString() + "\n");
        }
    }

    @Override
    public Integer call() {
        kv.check();
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw Usage.wrong(spec, "--output names a folder; " + folder + " is a file");
        }
        preset.useDevice();
        Torch.setThreads(1);
        List<String> wanted = new ArrayList<>(prompts);
        if (promptFile != null) {
            wanted.addAll(Home.lines(promptFile));
        }
        if (wanted.isEmpty()) {
            throw Usage.wrong(spec, "nothing to generate: give --prompt or --prompts");
        }
        if (preset.isGiven()) {
            return published(wanted);
        }
        preset.refuse(Stream.of("--latents-only", "--start"));
        preparePlace(wanted);
        List<Made> made = new ArrayList<>();
        try (ModelFolder opened = ModelFolder.open(MissingException.require(model));
                Generator generator = new Generator(opened);
                QuantizedModel quantized = quantized(opened.transformer(), opened.packed());
                TensorScope scope = TensorScope.open();
                Progress.Stage stage = output.progress().begin("generate", wanted.size())) {
            if (opened.config().sampler() != null && kv.isGiven()) {
                throw new IllegalArgumentException(
                        model + " is a bidirectional model, which keeps no keys and values; leave --kv out");
            }
            wanted.forEach(prompt -> TensorScope.runAndFree(() -> generator.textStates(prompt)));
            String hash = opened.hash();
            SiteForward sites = quantized == null ? opened.transformer().fullPrecision() : quantized;
            KvQuantization cache = kv.settings(opened.kv());
            KvStore.Factory stores = cache.stores();
            String arithmetic = (kernel == null ? "best kernel" : kernel.id()) + ", " + cache;
            for (int i = 0; i < wanted.size(); i++) {
                String name = PublishedGeneration.name(i);
                String prompt = wanted.get(i);
                long promptSeed = seed + i;
                Made video = new Made(prompt, promptSeed, name + ".mp4", hash, arithmetic);
                made.add(video);
                if (video.isIn(folder, name, keepLatents)) {
                    stage.step();
                    continue;
                }
                TensorScope.runAndFree(() -> {
                    Tensor latents = generator.latents(prompt, promptSeed, sites, stores, RolloutListener.NONE);
                    output.noteWhereNotFinite(video.file(), latents);
                    Tensor frames = Ops.div(Ops.to(generator.decode(latents), DTypes.F32), 255);
                    Made.remove(folder, name);
                    VideoFile.write(
                            folder.resolve(name + ".mp4"),
                            frames,
                            opened.config().video().framesPerSecond(),
                            VideoEncoding.MP4);
                    if (keepLatents) {
                        SafetensorsWriter.write(
                                folder.resolve(name + ".safetensors"),
                                Map.of("latents", latents),
                                Map.of("prompt", prompt));
                    }
                });
                video.write(folder, name);
                stage.step();
            }
        }
        List<Made> placed = made.stream().map(video -> video.in(folder)).toList();
        placed.forEach(video -> output.line(video.file() + "  " + video.prompt()));
        output.result(placed);
        return 0;
    }

    /** Refuses, before any work, a place that cannot be written to, and says which videos of other prompts and seeds will be lost in it. */
    private void preparePlace(List<String> wanted) {
        AtomicFolder.requireWritable(folder);
        for (int i = 0; i < wanted.size(); i++) {
            String prompt = wanted.get(i);
            long promptSeed = seed + i;
            Made.read(folder, PublishedGeneration.name(i))
                    .filter(there -> !prompt.equals(there.prompt()) || there.seed() != promptSeed)
                    .ifPresent(there -> output.note(folder.resolve(there.file()) + " of \"" + there.prompt()
                            + "\", seed " + there.seed() + ", is replaced; --output names another folder"));
        }
    }

    /** The packed layers of {@code transformer}, null where it has none. */
    private @Nullable QuantizedModel quantized(WanTransformer transformer, @Nullable PackedModelFile packed) {
        checkKernel(packed);
        if (packed != null && Devices.current().isCuda()) {
            throw new IllegalArgumentException(
                    "the integer kernels of packed models run on the CPU; leave --device out");
        }
        return packed == null ? null : new QuantizedModel(transformer, packed.layers(), new KernelCatalogue(kernel));
    }

    private void checkKernel(@Nullable PackedModelFile packed) {
        if (packed == null && kernel != null) {
            throw new IllegalArgumentException(
                    model + " is not packed, so --kernel has nothing to choose; quantize it first");
        }
    }

    private Integer published(List<String> wanted) {
        try (PublishedModel opened = preset.open(model, output)) {
            PublishedGeneration generation = new PublishedGeneration(
                    opened,
                    wanted,
                    seed,
                    start == null ? null : MissingException.require(start),
                    latentsOnly,
                    folder,
                    kv.settings(opened.kv()),
                    output);
            Map<String, Object> plan = generation.plan(preset.maxMemory());
            String missing = opened.missing(!latentsOnly);
            if (preset.isDryRun()) {
                preset.noteMissing(missing, output);
                output.result(plan);
                return 0;
            }
            if (missing != null) {
                throw new MissingException(missing);
            }
            checkKernel(opened.packed());
            preparePlace(wanted);
            try (TensorScope scope = TensorScope.open()) {
                PublishedGeneration.Texts texts = generation.texts();
                try (QuantizedModel quantized = quantized(opened.transformer(), opened.packed())) {
                    List<Made> made = generation.run(texts, quantized);
                    made.forEach(video -> output.line(video.file() + "  " + video.prompt()));
                    output.result(made);
                }
            }
            return 0;
        }
    }
}
