package io.arvid.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.SiteForward;
import io.arvid.record.MemoryPlan;
import io.arvid.record.PeakMemory;
import io.arvid.record.Progress;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.DenoiseSchedule;
import io.arvid.rollout.RolloutConfig;
import io.arvid.rollout.RolloutListener;
import io.arvid.rollout.kv.KvQuantization;
import io.arvid.rollout.preset.Guided;
import io.arvid.run.FullSizeBudget;
import io.arvid.run.PublishedModel;
import io.arvid.run.QuantizedModel;
import io.arvid.run.StateFolder;
import io.arvid.run.StreamingDecoder;
import io.arvid.tensor.Devices;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.FileHash;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code arvid generate --preset}: videos of a published model.
 *
 * @param model the model
 * @param prompts what is asked for
 * @param seed seed of the first prompt's noise
 * @param start file of clean latents that every video starts with, or null
 * @param latentsOnly true to write latents and no videos
 * @param folder where videos go
 * @param cache how keys and values are kept
 * @param output voice of the verb
 */
record PublishedGeneration(
        PublishedModel model,
        List<String> prompts,
        long seed,
        @Nullable Path start,
        boolean latentsOnly,
        Path folder,
        KvQuantization cache,
        Output output) {
    /**
     * Text states of what is asked for.
     *
     * @param prompts of each prompt
     * @param negative of the negative prompt; null for causal models
     */
    record Texts(List<Tensor> prompts, @Nullable Tensor negative) {}

    /** Checks that there is a cache to quantize as it is asked for, and that what the videos start with is not written over. */
    PublishedGeneration {
        if (!model.preset().isCausal() && cache.codes() != KvQuantization.Codes.NONE) {
            throw new IllegalArgumentException("preset '" + model.preset().id()
                    + "' is the bidirectional model, which keeps no keys and values; leave --kv out");
        }
        if (model.preset().rolling() && cache.correctsSoftmax()) {
            throw new IllegalArgumentException("preset '" + model.preset().id()
                    + "' attends to anchor, past and window at once, without the correction; leave --kv-correct out");
        }
        Path beginning = start == null ? null : start.toAbsolutePath().normalize();
        for (int i = 0; beginning != null && i < prompts.size(); i++) {
            Path made = folder.resolve(name(i) + ".safetensors");
            if (beginning.equals(made.toAbsolutePath().normalize())) {
                throw new IllegalArgumentException(
                        "--start " + start + " would be written over; choose another folder with --output");
            }
        }
    }

    /** Name of the video of prompt {@code index}, without an ending. */
    static String name(int index) {
        return String.format("%04d", index);
    }

    /**
     * Prints what it will hold in memory and returns it for JSON.
     *
     * @throws IllegalArgumentException where that is more than {@code limit} bytes, 0 for no limit, and where frames do not split into chunks
     */
    Map<String, Object> plan(long limit) {
        model.requireChunks(startShape());
        MemoryPlan plan = new FullSizeBudget(model).generation(cache, prompts.size());
        output.line(model.card().title() + " from " + model.card().file());
        plan.lines().forEach(output::line);
        plan.requireWithin(limit, "fewer --frames or a smaller --height and --width need less");
        return json(model, plan);
    }

    /** Shape of the latents that every video starts with, or null. */
    private long @Nullable [] startShape() {
        if (start == null) {
            return null;
        }
        try (WeightMap given = SafetensorsFile.open(start)) {
            return Tensors.shape(given.get("latents"));
        }
    }

    /** What the verbs' plans have in common, sizes in bytes. */
    static Map<String, Object> json(PublishedModel model, MemoryPlan plan) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("model", model.card().title());
        json.put("file", model.card().file().toString());
        json.put("peak", plan.peak());
        json.put("memory", plan.stages());
        return json;
    }

    /** Encodes the prompts, before anything of the transformer is in memory; the tensors belong to the open scope. */
    Texts texts() {
        if (model.hasSyntheticText()) {
            output.note("random weights without a text encoder: text states are random, too");
        }
        Guided sampler = model.preset().sampler();
        if (sampler == null) {
            return new Texts(model.textStates(prompts), null);
        }
        List<String> all = Stream.concat(prompts.stream(), Stream.of(sampler.negativePrompt()))
                .toList();
        List<Tensor> states = model.textStates(all);
        return new Texts(states.subList(0, prompts.size()), states.getLast());
    }

    /**
     * Makes the videos that are not in the folder yet, and notes beside each what it is of.
     *
     * @param quantized multiplies the layers that are packed; null where none is
     */
    List<GenerateCommand.Made> run(Texts texts, @Nullable QuantizedModel quantized) {
        List<GenerateCommand.Made> made = new ArrayList<>();
        SiteForward sites = quantized == null ? model.transformer().fullPrecision() : quantized;
        String arithmetic = (quantized == null ? "full precision" : layers(quantized)) + " in "
                + model.type().safetensorsName() + ", " + cache;
        if (quantized != null) {
            output.line("in integers: " + layers(quantized));
        }
        String source = source();
        for (int i = 0; i < prompts.size(); i++) {
            String name = name(i);
            Tensor text = texts.prompts().get(i);
            GenerateCommand.Made rolledOut =
                    new GenerateCommand.Made(prompts.get(i), seed + i, name + ".safetensors", source, arithmetic);
            TensorScope.runAndFree(() -> made.add(make(name, rolledOut, text, texts.negative(), sites)));
        }
        return made;
    }

    /** What tells these videos from those of other weights, texts and settings. */
    private String source() {
        String settings = model.card().group()
                + new JsonMapper().valueToTree(model.preset())
                + PublishedQuantization.text(model)
                + (start == null ? "" : StateFolder.stamp(start));
        return StateFolder.stamp(model.card().file()) + ", settings " + FileHash.brief(FileHash.of(settings));
    }

    /** How many layers each kernel multiplies. */
    private static String layers(QuantizedModel quantized) {
        return quantized.kernels().entrySet().stream()
                .map(kernel ->
                        kernel.getValue() + " layers by " + kernel.getKey().id())
                .collect(Collectors.joining(", "));
    }

    /** The latents that {@code rolledOut} describes and, where it is asked for, their video, as far as they are not in the folder. */
    private GenerateCommand.Made make(
            String name, GenerateCommand.Made rolledOut, Tensor text, @Nullable Tensor negative, SiteForward sites) {
        GenerateCommand.Made wanted = latentsOnly ? rolledOut : decoded(name, rolledOut);
        if (wanted.isIn(folder, name, true)) {
            return wanted.in(folder);
        }
        Tensor latents = latents(name, rolledOut, text, negative, sites);
        output.noteWhereNotFinite(wanted.file(), latents);
        if (!latentsOnly) {
            try (Progress.Stage stage = output.progress().begin("decode " + name, latents.size(1))) {
                StreamingDecoder.of(model.files())
                        .write(
                                folder.resolve(wanted.file()),
                                latents,
                                model.preset().video(),
                                stage::step);
            }
            wanted.write(folder, name);
        }
        return wanted.in(folder);
    }

    private GenerateCommand.Made decoded(String name, GenerateCommand.Made rolledOut) {
        StreamingDecoder decoder = StreamingDecoder.of(model.files());
        Path weights = model.files().network(decoder.network()).file();
        return rolledOut.decoded(name + ".mp4", StateFolder.stamp(weights));
    }

    /** The latents of an earlier run, which was stopped before they were decoded or whose video is of another decoder or gone; or new ones. */
    private Tensor latents(
            String name, GenerateCommand.Made rolledOut, Tensor text, @Nullable Tensor negative, SiteForward sites) {
        Path file = folder.resolve(rolledOut.file());
        if (rolledOut.hasLatentsIn(folder, name)) {
            try (WeightMap kept = SafetensorsFile.open(file)) {
                return Devices.toCurrent(Ops.copy(kept.get("latents")));
            }
        }
        Tensor latents = rollOut(text, negative, rolledOut.seed(), sites);
        GenerateCommand.Made.remove(folder, name);
        SafetensorsWriter.write(file, Map.of("latents", latents), Map.of("prompt", rolledOut.prompt()));
        rolledOut.write(folder, name);
        return latents;
    }

    private Tensor rollOut(Tensor text, @Nullable Tensor negative, long videoSeed, SiteForward sites) {
        try (WeightMap given = start == null ? null : SafetensorsFile.open(start);
                Progress.Stage stage = output.progress().begin("roll out", passes())) {
            RolloutListener listener = new RolloutListener() {
                @Override
                public void passed(io.arvid.model.RolloutStep step, Tensor noisy, Tensor flow) {
                    stage.step();
                }

                @Override
                public void solved(int index, Tensor latents) {
                    stage.step();
                }
            };
            Tensor latents = model.latents(
                    text,
                    negative,
                    given == null ? null : given.get("latents"),
                    videoSeed,
                    sites,
                    cache.stores(),
                    listener);
            output.note("peak resident memory so far: " + MemoryPlan.text(PeakMemory.bytes()));
            return latents;
        }
    }

    /** Steps of a roll-out. */
    private int passes() {
        Guided sampler = model.preset().sampler();
        if (sampler != null) {
            return sampler.steps();
        }
        RolloutConfig config = model.rollout();
        long[] given = startShape();
        int givenFrames = given == null ? 0 : Math.toIntExact(given[1]);
        ChunkPlan plan =
                ChunkPlan.of(config, givenFrames, model.preset().video().latentFrames() - givenFrames);
        DenoiseSchedule schedule = new DenoiseSchedule(config);
        int chunks = plan.generated().size();
        return model.preset().rolling()
                ? schedule.rollingPasses(chunks)
                : plan.given().size() + schedule.passes(chunks);
    }
}
