package io.arvid.rollout.train;

import io.arvid.model.TextContext;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.rollout.FlowMatchSchedule;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * Distils a teacher-forced model to the few steps of the roll-out by regression on its own probability-flow trajectories (causal ODE pairs, CausVid,
 * arXiv 2412.07772, section 4.3). A teacher predicts the mean of all videos that a noisy chunk may come from, which is blurred; following its flow in
 * small steps ends at one of them. The student learns to reach that end in one step from each timestep of the roll-out:
 * {@code |(x̂₀(x_t) − x₀(trajectory from x_t)) / σ_t|²}.
 */
public final class TrajectoryDistiller {
    /**
     * Settings of a run.
     *
     * @param steps optimizer steps
     * @param data what the steps train on
     * @param timesteps timesteps of the roll-out, falling; a trajectory goes through all that are below its start
     * @param lastTimesteps timesteps that a trajectory goes through after those, falling, without the final 0
     * @param learningRate peak learning rate
     * @param saveEvery steps between two saved states
     */
    public record Settings(
            long steps,
            TeacherForcedBatches.Settings data,
            List<Double> timesteps,
            List<Double> lastTimesteps,
            double learningRate,
            long saveEvery) {}

    private final WanConfig config;
    private final Function<List<String>, Tensor> textStates;
    private final LatentDataset dataset;
    private final Settings settings;

    /**
     * A distiller of transformers of {@code config} on {@code dataset}.
     *
     * @param textStates text states {@code [B, L, textDim]} of prompts
     */
    public TrajectoryDistiller(
            WanConfig config, Function<List<String>, Tensor> textStates, LatentDataset dataset, Settings settings) {
        this.config = config;
        this.textStates = textStates;
        this.dataset = dataset;
        this.settings = settings;
    }

    /**
     * Trains a copy of {@code teacher}, or goes on from {@code state}; returns the averaged weights, which the caller owns.
     *
     * @param teacher weights that {@link AutoregressiveTrainer#train} returned
     */
    public Map<String, Tensor> train(Map<String, Tensor> teacher, Path state, TrainingListener listener) {
        try (TensorScope scope = TensorScope.open();
                TrainableParameters parameters =
                        new TrainableParameters(teacher, InitialWeights::isHiddenMatrix, Map.of());
                TeacherForcedBatches batches = new TeacherForcedBatches(dataset, settings.data());
                TeacherForcing forcing = batches.forcing(config);
                WeightMap given = WeightMap.of(teacher);
                WeightMap rounded = MixedPrecision.of(given)) {
            WanTransformer guide = new WanTransformer(config, rounded);
            TrainingLoop loop = new TrainingLoop(
                    "distillation",
                    "trajectories " + config + " " + settings,
                    settings.steps(),
                    new LearningRate(settings.learningRate(), 20, settings.steps(), 0.5),
                    Optimizer.Settings.SHORT_RUN,
                    settings.saveEvery());
            return loop.run(
                    parameters,
                    step -> {
                        batches.prepare(step + 1);
                        return loss(guide, parameters.weights(), batches.at(step), forcing, step);
                    },
                    state,
                    listener);
        }
    }

    private TextContext text(TeacherForcedBatches.Batch batch) {
        return new TextContext(MixedPrecision.of(textStates.apply(batch.prompts())));
    }

    /** All chunks of a step start at the same timestep of the roll-out, the steps taking turns. */
    private Tensor loss(
            WanTransformer teacher,
            WeightMap weights,
            TeacherForcedBatches.Batch batch,
            TeacherForcing forcing,
            long step) {
        int start = (int)
                (step / settings.data().cycle().size() % settings.timesteps().size());
        double sigma = settings.timesteps().get(start) / FlowMatchSchedule.TRAINING_STEPS;
        Tensor clean = batch.clean();
        try (Seeds seeds = new Seeds(settings.data().seed() * 1_000_003 + step);
                WeightMap rounded = MixedPrecision.of(weights);
                TextContext teacherText = text(batch);
                TextContext studentText = text(batch)) {
            Tensor noise = seeds.normal(Tensors.shape(clean));
            Tensor noisy = clean.add(Ops.mul(noise.sub(clean), sigma));
            Tensor end = Torch.withoutGradients(
                    () -> TensorScope.run(() -> follow(teacher, batch.context(), noisy, start, teacherText, forcing)));
            WanTransformer student = new WanTransformer(config, rounded);
            Tensor flow = flow(student, batch.context(), noisy, sigma, studentText, forcing);
            return Ops.meanSquaredError(flow, Ops.div(noisy.sub(end), sigma));
        }
    }

    /** The end of the teacher's trajectory from {@code noisy} at timestep number {@code start}: Euler steps down to 0. */
    private Tensor follow(
            WanTransformer teacher, Tensor context, Tensor noisy, int start, TextContext text, TeacherForcing forcing) {
        Tensor x = noisy;
        for (int i = start; i < levelCount(); i++) {
            Tensor flow = flow(teacher, context, x, level(i), text, forcing);
            x = x.add(Ops.mul(flow, level(i + 1) - level(i)));
        }
        return x;
    }

    private int levelCount() {
        return settings.timesteps().size() + settings.lastTimesteps().size();
    }

    /** Noise level number {@code index} of a whole trajectory; 0 at its end. */
    private double level(int index) {
        int last = index - settings.timesteps().size();
        double timestep = last < 0
                ? settings.timesteps().get(index)
                : last < settings.lastTimesteps().size()
                        ? settings.lastTimesteps().get(last)
                        : 0;
        return timestep / FlowMatchSchedule.TRAINING_STEPS;
    }

    private Tensor flow(
            WanTransformer transformer,
            Tensor context,
            Tensor noisy,
            double sigma,
            TextContext text,
            TeacherForcing forcing) {
        Tensor timesteps =
                Tensors.full(DTypes.F32, sigma * FlowMatchSchedule.TRAINING_STEPS, noisy.size(0), noisy.size(1));
        return forcing.flow(transformer, context, noisy, timesteps, text);
    }
}
