package io.arvid.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.ResumableRollouts;
import io.arvid.calibrate.SensitivityLog;
import io.arvid.model.wan.ModelCard;
import io.arvid.pack.LayerFiles;
import io.arvid.pack.PackedSize;
import io.arvid.pack.PackedSource;
import io.arvid.pack.Packer;
import io.arvid.pack.SourceLayout;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.arvid.ArvidRecipe;
import io.arvid.quantize.qarvd.QArvd;
import io.arvid.quantize.qarvd.QArvdRecipe;
import io.arvid.quantize.qarvd.Sensitivity;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.DiskSpace;
import io.arvid.record.MemoryPlan;
import io.arvid.record.PeakMemory;
import io.arvid.record.Progress;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutConfig;
import io.arvid.run.FullSizeBudget;
import io.arvid.run.MachineSpeed;
import io.arvid.run.PublishedModel;
import io.arvid.run.StateFolder;
import io.arvid.tensor.Devices;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import io.arvid.weights.FileHash;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Calibration on a published model in bounded memory, with a state folder from which it goes on when it was interrupted.
 *
 * @param model the model
 * @param recipe the recipe
 * @param prompts calibration prompts; those that the recipe does not use are left out
 * @param seed seed of the first prompt's noise
 * @param limit bytes of memory that may be used, 0 for no limit
 * @param output voice of the verb
 */
record PublishedQuantization(
        PublishedModel model, RecipeFile<?> recipe, List<String> prompts, long seed, long limit, Output output) {
    private static final int MOST_WORKERS = 2;

    /** Checks that calibration can run here: with a roll-out chunk by chunk whose cache keeps every frame, as it is. */
    PublishedQuantization {
        if (model.packed() != null) {
            throw new IllegalArgumentException(model.card().file() + " is quantized already; quantize its source");
        }
        if (Devices.current().isCuda()) {
            throw new IllegalArgumentException(
                    "calibration with --preset keeps keys and values in mapped files and runs on the CPU; leave --device out");
        }
        RolloutConfig rollout = model.rollout();
        int frames = model.preset().video().latentFrames();
        boolean letsFramesGo = !rollout.isGlobal() && rollout.localAttentionFrames() < frames;
        if (model.preset().rolling() || letsFramesGo) {
            throw new IllegalArgumentException("calibration rolls out chunk by chunk with a cache of all " + frames
                    + " latent frames; preset '" + model.preset().id() + "' has "
                    + (letsFramesGo ? "one of " + rollout.localAttentionFrames() : "a rolling window"));
        }
        if (recipe.recipe() instanceof ArvidRecipe own && !own.leavesCacheAlone()) {
            throw new IllegalArgumentException(
                    "calibration with --preset keeps keys and values as they are; take a recipe without kvBits, with \"kv\": {\"rule\": \"full\"}, and"
                            + " quantize the cache with 'arvid generate --kv'");
        }
        prompts = prompts.subList(0, Math.min(prompts.size(), Math.max(1, recipe.prompts())));
    }

    /** As many layers at once as fit. */
    private int workers() {
        FullSizeBudget budget = new FullSizeBudget(model);
        int workers = Math.min(MOST_WORKERS, Runtime.getRuntime().availableProcessors());
        while (workers > 1 && limit > 0 && budget.quantization(recipe, workers).peak() > limit) {
            workers--;
        }
        return workers;
    }

    /** Chunks of a roll-out. */
    int chunks() {
        return ChunkPlan.of(model.rollout(), 0, model.preset().video().latentFrames())
                .generated()
                .size();
    }

    /**
     * Prints memory, disk in {@code state} and time of quantizing and returns them for JSON; {@code IllegalArgumentException} where prompts, memory or disk
     * are short.
     */
    Map<String, Object> plan(boolean sensitivityIsGiven, Path state) {
        requirePrompts(recipe.requiredPrompts(sensitivityIsGiven));
        FullSizeBudget budget = new FullSizeBudget(model);
        MachineSpeed speed = MachineSpeed.probe(model.type());
        int count = budget.rollouts(recipe, sensitivityIsGiven);
        Map<String, Object> json = print(budget.quantization(recipe, workers()), budget.disk(recipe), state);
        double rollouts = count * budget.rolloutSeconds(speed);
        double rounding = budget.roundingSeconds(recipe.recipe(), speed);
        output.line(String.format(
                "%-28s %10s for %d roll-outs, %s rounding, by a probe of the machine as busy as it is",
                "time", hours(rollouts), count, hours(rounding)));
        json.put("seconds", Map.of("rollouts", rollouts, "rounding", rounding));
        return json;
    }

    /** The same of measuring sensitivities. */
    Map<String, Object> sensitivityPlan(Path state) {
        requirePrompts(Math.max(qArvd().calibrationPrompts(), qArvd().sensitivityPrompts()));
        FullSizeBudget budget = new FullSizeBudget(model);
        int count = budget.sensitivityRollouts(qArvd());
        Map<String, Object> json = print(budget.sensitivity(recipe), budget.sensitivityDisk(qArvd()), state);
        double rollouts = count * budget.rolloutSeconds(MachineSpeed.probe(model.type()));
        output.line(String.format(
                "%-28s %10s for %d roll-outs, by a probe of the machine as busy as it is",
                "time", hours(rollouts), count));
        json.put("seconds", Map.of("rollouts", rollouts));
        return json;
    }

    private void requirePrompts(int wanted) {
        if (prompts.size() < wanted) {
            throw new IllegalArgumentException(
                    "the recipe wants " + wanted + " calibration prompts; --prompts has " + prompts.size());
        }
    }

    private Map<String, Object> print(MemoryPlan plan, long disk, Path state) {
        output.line(model.card().title() + " from " + model.card().file());
        plan.lines().forEach(output::line);
        output.line(String.format("%-28s %10s", "disk", MemoryPlan.text(disk)));
        plan.requireWithin(limit, "fewer tokensPerSample in the recipe or fewer --frames need less");
        DiskSpace.require(state, disk);
        Map<String, Object> json = PublishedGeneration.json(model, plan);
        json.put("disk", disk);
        return json;
    }

    private QArvdRecipe qArvd() {
        if (recipe.recipe() instanceof QArvdRecipe known) {
            return known;
        }
        throw new IllegalArgumentException("sensitivity needs a recipe of q-arvd");
    }

    private static String hours(double seconds) {
        return LineProgress.clock(Math.round(seconds * 1e9));
    }

    /** Chooses the integers and packs them. */
    PackedSize quantize(StateFolder state, @Nullable FrameWeights sensitivity, Path folder) {
        try (TensorScope scope = TensorScope.open()) {
            QuantContext context = context(state, sensitivity);
            try (QuantPlan plan = recipe.plan(context)) {
                PackedSize size = Packer.write(
                        folder, plan, new PackedSource(model.weights(), model.packedConfig(), layout(), recipe.json()));
                output.note("peak resident memory: " + MemoryPlan.text(PeakMemory.bytes()));
                return size;
            }
        }
    }

    /** Measures chunk sensitivities, pass by pass where it is interrupted. */
    Sensitivity sensitivity(StateFolder state) {
        try (TensorScope scope = TensorScope.open()) {
            return QArvd.measureSensitivity(context(state, null), qArvd());
        }
    }

    private QuantContext context(StateFolder state, @Nullable FrameWeights sensitivity) {
        List<Tensor> texts = texts(state.part("texts.safetensors"));
        Progress progress = output.progress();
        ResumableRollouts rollouts = new ResumableRollouts(
                new Rollout(model.transformer(), model.rollout()),
                texts,
                model.latentShape(),
                seed,
                state.part("rollouts"),
                progress);
        return new QuantContext(
                model.transformer(),
                rollouts,
                sensitivity,
                SensitivityLog.at(
                        state.part("sensitivity.json"), facts(sensitivity).toString()),
                progress,
                workers(),
                new LayerFiles(state.part("layers")));
    }

    /** Text states of the prompts, encoded once: an interrupted run has them in {@code file}. */
    private List<Tensor> texts(Path file) {
        if (model.hasSyntheticText()) {
            output.note("random weights without a text encoder: text states are random, too");
            return model.textStates(prompts);
        }
        if (!Files.exists(file)) {
            try (TensorScope scope = TensorScope.open()) {
                List<Tensor> encoded = model.textStates(prompts);
                Map<String, Tensor> named = new LinkedHashMap<>();
                for (int i = 0; i < encoded.size(); i++) {
                    named.put(Integer.toString(i), encoded.get(i));
                }
                SafetensorsWriter.write(file, named, Map.of());
            }
        }
        try (WeightMap known = SafetensorsFile.open(file)) {
            return IntStream.range(0, prompts.size())
                    .mapToObj(i -> Ops.copy(known.get(Integer.toString(i))))
                    .toList();
        }
    }

    /** What a state belongs to, with the sensitivities that were given, or null. */
    Map<String, String> facts(@Nullable FrameWeights sensitivity) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("recipe", recipe.method().id() + " " + recipe.hash());
        facts.put(
                "checkpoint",
                StateFolder.stamp(model.card().file()) + " " + model.card().group());
        facts.put(
                "preset", new JsonMapper().valueToTree(model.preset().rollout()).toString());
        facts.put("latents", java.util.Arrays.toString(model.latentShape()));
        facts.put("prompts", hash(String.join("\n", prompts)));
        facts.put("seed", Long.toString(seed));
        facts.put("type", model.type().safetensorsName());
        facts.put("text", text(model));
        facts.put(
                "sensitivity",
                sensitivity == null ? "measured" : hash(sensitivity.alpha().toString()));
        facts.put("threads", Torch.threads() + ", " + workers() + " layers at once");
        return facts;
    }

    /** What the text states of prompts depend on. */
    static String text(PublishedModel model) {
        return model.hasSyntheticText()
                ? "synthetic"
                : StateFolder.stamp(model.files()
                                .network(ModelCard.Network.TEXT_ENCODER)
                                .file())
                        + ", " + StateFolder.stamp(model.files().tokenizer());
    }

    private static String hash(String text) {
        return FileHash.brief(new FileHash().text(text).hex());
    }

    private SourceLayout layout() {
        return model.card().origin() == ModelCard.Origin.CAUSAL_FEW_STEP ? SourceLayout.SELF_FORCING : SourceLayout.WAN;
    }
}
