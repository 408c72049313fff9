package io.arvid.run;

import io.arvid.calibrate.SharedInput;
import io.arvid.model.LinearSite;
import io.arvid.model.PackedForward;
import io.arvid.model.SiteRole;
import io.arvid.model.wan.ModelCard;
import io.arvid.model.wan.WanConfig;
import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.Needs;
import io.arvid.quantize.Recipe;
import io.arvid.quantize.arvid.ArvidRecipe;
import io.arvid.quantize.qarvd.ChunkSensitivity;
import io.arvid.quantize.qarvd.QArvdRecipe;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.svdquant.SvdQuantRecipe;
import io.arvid.record.MemoryPlan;
import io.arvid.record.MemoryPlan.Part;
import io.arvid.record.MemoryPlan.Stage;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.DenoiseSchedule;
import io.arvid.rollout.RollingCacheSize;
import io.arvid.rollout.RolloutConfig;
import io.arvid.rollout.kv.KvQuantization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Memory, disk and time of work at full size, before it starts. Sizes are counted; what libtorch needs beside them, and how much slower a block is than its
 * matrix products, are factors that were measured ({@code docs/perf/full-size.md}). Times stand on a probe of the machine as it is at the moment.
 *
 * @param model what is run
 */
public record FullSizeBudget(PublishedModel model) {
    private static final long GIB = 1L << 30;
    /** The virtual machine, libtorch and its libraries. */
    private static final long PROGRAM = GIB / 2;

    private static final int BF16 = 2;

    private static final int F32 = 4;
    private static final int F64 = 8;
    /** Rows of {@code dim} and of {@code ffnDim} that a block holds for each token at its widest. */
    private static final int ROWS_OF_DIM = 10;

    private static final int ROWS_OF_FFN = 2;
    /** Square float64 matrices that rounding a layer holds at its widest, as a run of the 1.3B took them. */
    private static final int SQUARES = 15;
    /** A block's time over that of its matrix products. */
    private static final double BLOCK_OVERHEAD = 1.3;
    /** Full-resolution channels that decoding a latent frame holds, in float32, over four frames. */
    private static final int DECODER_CHANNELS = 96 * 5;

    private WanConfig config() {
        return model.config();
    }

    private int tokensPerFrame() {
        return model.preset().video().tokensPerFrame();
    }

    private int chunkTokens() {
        RolloutConfig rollout = model.preset().rollout();
        int frames = model.preset().video().latentFrames();
        int together = rollout == null ? frames : Math.min(frames, rollout.framesPerChunk());
        return together * tokensPerFrame();
    }

    /** Bytes of a weight, a token's number, a key's or a value's. */
    private int wordBytes() {
        return model.type().bytes();
    }

    /** In the mapped file, or converted and copied once more for fast products, or as kernels want them, in place of its pages. */
    private Part weights() {
        boolean converted = model.copiedBytes() > 0;
        String name = converted ? "transformer as " + model.type().safetensorsName() : "transformer";
        long copies = converted && PackedForward.fitsTwice(model.copiedBytes()) ? model.copiedBytes() : 0;
        return new Part(name, model.storedBytes() + model.copiedBytes() + copies, model.packed() == null && !converted);
    }

    private Part working(int tokens) {
        long row = (long) ROWS_OF_DIM * config().dim() + (long) ROWS_OF_FFN * config().ffnDim();
        return new Part("one pass", row * tokens * wordBytes() + PROGRAM, false);
    }

    private Part cache(boolean mapped) {
        RolloutConfig rollout = model.preset().rollout();
        long held = rollout == null ? 0 : heldFrames(rollout);
        long bytes = 2L * config().numLayers() * held * tokensPerFrame() * config().dim() * wordBytes();
        return new Part("keys and values", bytes, mapped);
    }

    private int heldFrames(RolloutConfig rollout) {
        if (model.preset().rolling()) {
            return RollingCacheSize.PUBLISHED.cachedFrames();
        }
        return rollout.isGlobal() ? model.preset().video().latentFrames() : rollout.localAttentionFrames();
    }

    private Part cache(KvQuantization kv) {
        RolloutConfig rollout = model.preset().rollout();
        int chunks = rollout == null ? 1 : Math.ceilDiv(heldFrames(rollout), rollout.framesPerChunk());
        double share = kv.share(chunks, wordBytes());
        return new Part("keys and values", Math.round(cache(false).bytes() * share), false);
    }

    /** Memory of generating a video for each of {@code prompts} prompts, one after the other, with keys and values kept as {@code kv} says. */
    public MemoryPlan generation(KvQuantization kv, int prompts) {
        List<Stage> stages = new ArrayList<>(encoding(prompts));
        int tokens = model.preset().rolling() ? 5 * chunkTokens() : chunkTokens();
        stages.add(new Stage("rolling out", List.of(weights(), cache(kv), working(tokens), texts(prompts))));
        long pixels =
                (long) model.preset().video().height() * model.preset().video().width();
        long decoder = model.files().has(ModelCard.Network.VIDEO_AUTOENCODER)
                ? model.files().network(ModelCard.Network.VIDEO_AUTOENCODER).bytes()
                : 0;
        stages.add(new Stage(
                "decoding a latent frame",
                List.of(
                        new Part("autoencoder", decoder, true),
                        new Part("pictures", 4 * pixels * DECODER_CHANNELS * F32 + PROGRAM, false),
                        weights(),
                        texts(prompts))));
        return new MemoryPlan(stages);
    }

    /** Text states of all prompts. */
    private Part texts(int prompts) {
        return new Part("text states", (long) prompts * config().textLen() * config().textDim() * wordBytes(), false);
    }

    private List<Stage> encoding(int prompts) {
        if (model.hasSyntheticText() || !model.files().has(ModelCard.Network.TEXT_ENCODER)) {
            return List.of();
        }
        long encoder = model.files().network(ModelCard.Network.TEXT_ENCODER).bytes();
        return List.of(new Stage(
                "encoding prompts",
                List.of(new Part("text encoder", encoder, true), texts(prompts), new Part("program", PROGRAM, false))));
    }

    private int tokensPerSample(Recipe recipe) {
        int wanted = recipe instanceof CalibratedRecipe calibrated ? calibrated.tokensPerSample() : 0;
        return wanted == 0 ? chunkTokens() : Math.min(wanted, chunkTokens());
    }

    private List<LinearSite> sites(Recipe recipe) {
        return config().sites().stream().filter(recipe.scheme()::covers).toList();
    }

    private long quantizedWeights(Recipe recipe) {
        return sites(recipe).stream().mapToLong(LinearSite::weightCount).sum();
    }

    /** Bytes of the flow that a pass predicts. */
    private long flow() {
        long latents = Arrays.stream(model.latentShape()).reduce(1, (a, b) -> a * b);
        return latents / chunks() * wordBytes();
    }

    /** Bytes that a pass records, in the model's own number type. */
    private long recorded(Recipe recipe) {
        Set<String> inputs = new HashSet<>();
        long width = 0;
        for (LinearSite site : sites(recipe)) {
            width += !site.role().isTextPath() && inputs.add(SharedInput.of(site)) ? site.inFeatures() : 0;
        }
        return width * tokensPerSample(recipe) * wordBytes();
    }

    private int passes() {
        RolloutConfig rollout = model.rollout();
        return new DenoiseSchedule(rollout).passes(chunks());
    }

    private int chunks() {
        return ChunkPlan.of(model.rollout(), 0, model.preset().video().latentFrames())
                .generated()
                .size();
    }

    /** Memory of quantizing by {@code recipe} with {@code workers} layers at once. */
    public MemoryPlan quantization(RecipeFile<?> file, int workers) {
        Recipe recipe = file.recipe();
        long quantized = quantizedWeights(recipe);
        Part codes = new Part("codes", quantized, false);
        int widest =
                sites(recipe).stream().mapToInt(LinearSite::inFeatures).max().orElse(0);
        int out = config().dim();
        long samples = (long) passes() * prompts(file) * tokensPerSample(recipe);
        long tokens = samples * widest * F32 * 2 + samples * out * F32;
        long rounding = (long) SQUARES * widest * widest * F64 + 6L * widest * out * F64;
        List<Stage> stages = new ArrayList<>(rollingOut(file));
        stages.add(new Stage(
                "rounding, " + workers + " at once",
                List.of(
                        weights(),
                        codes,
                        new Part("the widest layers", workers * Math.max(tokens, rounding) + PROGRAM, false))));
        stages.add(new Stage("packing", List.of(weights(), codes, new Part("packed codes", quantized, false))));
        return new MemoryPlan(stages);
    }

    /** Memory of measuring chunk sensitivities by {@code file}'s recipe. */
    public MemoryPlan sensitivity(RecipeFile<?> file) {
        return new MemoryPlan(rollingOut(file));
    }

    private List<Stage> rollingOut(RecipeFile<?> file) {
        Recipe recipe = file.recipe();
        long quantized = quantizedWeights(recipe);
        Part codes = new Part("codes", quantized, false);
        Part simulated = new Part("rounded weights", quantized * wordBytes(), false);
        Part pass = new Part("recorded of a pass", recorded(recipe), false);
        List<Stage> stages = new ArrayList<>(encoding(file.prompts()));
        stages.add(new Stage(
                "rolling out, weights rounded",
                List.of(
                        weights(),
                        cache(true),
                        working(chunkTokens()),
                        texts(file.prompts()),
                        codes,
                        simulated,
                        pass)));
        stages.add(new Stage(
                "rolling out, full precision",
                List.of(weights(), cache(true), working(chunkTokens()), texts(file.prompts()), pass)));
        return stages;
    }

    private static int prompts(RecipeFile<?> file) {
        return file.needs() instanceof Needs.Rollouts rollouts ? rollouts.prompts() : 0;
    }

    private static int declared(RecipeFile<?> file) {
        return file.needs() instanceof Needs.Rollouts rollouts ? rollouts.rollouts() : 0;
    }

    /** Roll-outs whose inputs are recorded: those that the method declares and, for {@code arvid}, one a prompt for every block. */
    private int recordedRollouts(RecipeFile<?> file) {
        int anew = file.recipe() instanceof ArvidRecipe recipe ? recipe.calibrationPrompts() * config().numLayers() : 0;
        return declared(file) + anew;
    }

    /** Roll-outs in which {@code arvid} looks for layers to keep, one layer quantized in each; nothing is recorded but their latents. */
    private int layerRollouts(Recipe recipe) {
        return recipe instanceof ArvidRecipe own && own.keep() != null
                ? own.keep().prompts() * (sites(recipe).size() + 1)
                : 0;
    }

    /**
     * How often the inputs of all layers are recorded. The roll-outs of {@code arvid} for its blocks, which record a block each, count as one; where targets
     * are of a roll-out in full precision, that one is recorded, too.
     */
    private static int recordings(RecipeFile<?> file) {
        int targets = file.recipe() instanceof ArvidRecipe recipe && recipe.inputs() == ArvidRecipe.Seen.QUANTIZED
                ? recipe.calibrationPrompts()
                : 0;
        return declared(file) + targets;
    }

    /** Bytes on disk while quantizing, the state of an interrupted run included. */
    public long disk(RecipeFile<?> file) {
        return (recordings(file) * recorded(file.recipe()) + recordedRollouts(file) * flow()) * passes()
                + cache(true).bytes()
                + keptStages(file.recipe()) * quantizedWeights(file.recipe());
    }

    /** Stages whose layers are kept: ranges and rounding, for SVDQuant its branches, and for QVD, which rounds at once, what its search found. */
    private static int keptStages(Recipe recipe) {
        return recipe instanceof SvdQuantRecipe ? 3 : 2;
    }

    /** Roll-outs of quantizing, those of chunk sensitivities included unless they are given. */
    public int rollouts(RecipeFile<?> file, boolean sensitivityIsGiven) {
        if (!(file.needs() instanceof Needs.Rollouts needs)) {
            return 0;
        }
        int sensitivity = sensitivityIsGiven ? 0 : needs.sensitivity().rollouts(chunks());
        return recordedRollouts(file)
                + layerRollouts(file.recipe())
                + needs.measured().rollouts(chunks())
                + sensitivity;
    }

    /** Roll-outs of measuring chunk sensitivities, those in which input ranges are found included. */
    public int sensitivityRollouts(QArvdRecipe recipe) {
        return recipe.calibrationPrompts()
                + ChunkSensitivity.ROLLOUTS.times(recipe.sensitivityPrompts()).rollouts(chunks());
    }

    /** Bytes on disk while chunk sensitivities are measured. */
    public long sensitivityDisk(QArvdRecipe recipe) {
        return recipe.calibrationPrompts() * (recorded(recipe) + flow()) * passes()
                + cache(true).bytes();
    }

    /** Seconds of one roll-out. */
    public double rolloutSeconds(MachineSpeed speed) {
        long linears = 0;
        for (LinearSite site : config().sites()) {
            boolean everyPass = site.role() != SiteRole.CROSS_K && site.role() != SiteRole.CROSS_V;
            linears += site.role().isInBlock() && everyPass ? site.weightCount() : 0;
        }
        double tokens = chunkTokens();
        double linear = 2.0 * tokens * linears / speed.linear();
        double seconds = 0;
        for (int chunk = 0; chunk < chunks(); chunk++) {
            double keys = tokens * (chunk + 1) + config().textLen();
            double attention = 4.0 * tokens * keys * config().dim() * config().numLayers() / speed.attention();
            seconds += passes() / (double) chunks() * (linear + attention) * BLOCK_OVERHEAD;
        }
        return seconds;
    }

    /** Seconds of factorization, propagation of errors and descent on the grid, in float64, and of the Gram matrices. */
    public double roundingSeconds(Recipe recipe, MachineSpeed speed) {
        double operations = 0;
        double samples = (double) passes() * tokensPerSample(recipe);
        for (LinearSite site : sites(recipe)) {
            double in = site.inFeatures();
            operations += 2 * in * in * in + 16 * in * in * site.outFeatures() + samples * in * in;
        }
        return operations / speed.dense();
    }
}
