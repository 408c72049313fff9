package io.arvid.run;

import io.arvid.pack.PackedSize;
import io.arvid.quantize.qat.QatRecipe;
import io.arvid.quantize.qat.QatSampling;
import io.arvid.quantize.qat.QatTrainer;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.record.TrainingLog;
import io.arvid.record.TrainingStep;
import io.arvid.rollout.RolloutConfig;
import io.arvid.rollout.preset.Guided;
import io.arvid.rollout.sampler.SamplingSchedule;
import java.nio.file.Path;
import java.util.Map;

/**
 * Quantization-aware training of a model of the bundled world, from a folder to a packed folder. Training state and log lie in a folder of their own,
 * from which a stopped run goes on.
 */
public final class QatRun {
    /** The saved state in a run's folder. */
    public static final String STATE = "state.safetensors";
    /** The log of all steps, a JSON object a line. */
    public static final String LOG = "log.jsonl";

    private final ModelFolder model;
    private final Generator generator;

    /** A run on {@code generator}'s model, which is in full precision and outlives it. */
    public QatRun(Generator generator) {
        this.generator = generator;
        this.model = generator.model();
        if (model.plan() != null) {
            throw new IllegalArgumentException(model.path() + " is quantized already; train its source");
        }
    }

    /**
     * Trains and packs.
     *
     * @param file a recipe of a method that trains
     * @param states folder of state and log, used by one process at a time
     * @param target where the packed model goes
     * @param listener hears every step, after the log
     */
    public PackedSize run(RecipeFile<?> file, Path states, Path target, TrainingStep.Listener listener) {
        requireFit(trained(file));
        try (StateFolder state = StateFolder.open(states, Map.of());
                QatTrainer.Result result = train(file, state, listener)) {
            return model.pack(target, result.plan(), file, result.weights());
        }
    }

    /** What {@link #run} packs. */
    QatTrainer.Result train(RecipeFile<?> file, StateFolder state, TrainingStep.Listener listener) {
        TrainingLog log = new TrainingLog(state.part(LOG));
        try (ShapesClips clips = new ShapesClips(generator);
                QatTrainer trainer = new QatTrainer(
                        file.method().id(),
                        model.hash(),
                        model.transformer(),
                        trained(file),
                        clips,
                        sampling(),
                        model.config().sampler() == null ? model.config().rollout() : null)) {
            return trainer.train(state.part(STATE), step -> {
                log.onStep(step);
                listener.onStep(step);
            });
        }
    }

    /** The recipe in {@code file}; {@code IllegalArgumentException} where its method does not train. */
    public static QatRecipe trained(RecipeFile<?> file) {
        if (file.recipe() instanceof QatRecipe recipe) {
            return recipe;
        }
        throw new IllegalArgumentException(
                "'" + file.method().id() + "' does not train; use 'arvid quantize --recipe FILE'");
    }

    /**
     * Refuses what cannot be trained on this model.
     *
     * @throws IllegalArgumentException where the recipe's context or chunks, or the model's roll-out, are not for it
     */
    public void requireFit(QatRecipe recipe) {
        boolean bidirectional = recipe.training().context() == QatRecipe.Context.BIDIRECTIONAL;
        if (bidirectional != (model.config().sampler() != null)) {
            throw new IllegalArgumentException(model.path() + " is "
                    + (bidirectional
                            ? "causal: set training.context to teacher-forced or self-forced"
                            : "bidirectional: set training.context to bidirectional"));
        }
        RolloutConfig rollout = model.config().rollout();
        if (!bidirectional
                && (!rollout.isGlobal()
                        || rollout.independentFirstFrame()
                        || rollout.firstChunkSteps() != null
                        || rollout.contextNoise() != 0)) {
            throw new IllegalArgumentException(model.path()
                    + " rolls out with a local cache, a first frame or chunk of its own kind, or noise on its context;"
                    + " training does so with chunks of one kind, all of them in the cache, without noise");
        }
        int chunks = model.config().video().latentFrames() / rollout.framesPerChunk();
        if (recipe.training().chunks() > chunks) {
            throw new IllegalArgumentException("training.chunks is "
                    + recipe.training().chunks() + ", but videos of " + model.path() + " have " + chunks);
        }
    }

    private QatSampling sampling() {
        Guided sampler = model.config().sampler();
        if (sampler == null) {
            return QatSampling.of(model.config().rollout());
        }
        SamplingSchedule schedule = sampler.sampler().solver().schedule(sampler.steps(), sampler.shift());
        float[] timesteps = new float[schedule.steps()];
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = schedule.timesteps()[i];
        }
        return new QatSampling(model.config().rollout().framesPerChunk(), timesteps, sampler.shift());
    }
}
