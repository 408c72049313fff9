package io.arvid.run;

import io.arvid.pack.PackedSize;
import io.arvid.pack.PackedSource;
import io.arvid.pack.Packer;
import io.arvid.pack.SourceLayout;
import io.arvid.quantize.qat.QatRecipe;
import io.arvid.quantize.qat.QatSampling;
import io.arvid.quantize.qat.QatTrainer;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.record.TrainingLog;
import io.arvid.record.TrainingStep;
import io.arvid.rollout.preset.Guided;
import io.arvid.rollout.sampler.SamplingSchedule;
import io.arvid.tensor.DTypes;
import io.arvid.weights.WeightMap;
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
        requireContext(trained(file));
        try (StateFolder state = StateFolder.open(states, Map.of());
                QatTrainer.Result result = train(file, state, listener);
                WeightMap stored = result.weights().to(DTypes.BF16)) {
            return Packer.write(
                    target,
                    result.plan(),
                    new PackedSource(stored, model.json(), SourceLayout.WAN, file.json()),
                    model::copyCompanions);
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

    private void requireContext(QatRecipe recipe) {
        boolean bidirectional = recipe.training().context() == QatRecipe.Context.BIDIRECTIONAL;
        if (bidirectional != (model.config().sampler() != null)) {
            throw new IllegalArgumentException(model.path() + " is "
                    + (bidirectional
                            ? "causal: set training.context to teacher-forced or self-forced"
                            : "bidirectional: set training.context to bidirectional"));
        }
        int chunks =
                model.config().video().latentFrames() / model.config().rollout().framesPerChunk();
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
