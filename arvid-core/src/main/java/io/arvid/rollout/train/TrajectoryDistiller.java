package io.arvid.rollout.train;

import io.arvid.model.TextContext;
import io.arvid.model.wan.Tokenizer;
import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.WanConfig;
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
    private final UmtConfig textConfig;
    private final Tokenizer tokenizer;
    private final LatentDataset dataset;
    private final Settings settings;

    /** A distiller of networks of these sizes on {@code dataset}. */
    public TrajectoryDistiller(
            WanConfig config, UmtConfig textConfig, Tokenizer tokenizer, LatentDataset dataset, Settings settings) {
        this.config = config;
        this.textConfig = textConfig;
        this.tokenizer = tokenizer;
        this.dataset = dataset;
        this.settings = settings;
    }

    /**
     * Trains a copy of {@code teacher}, or goes on from {@code state}; returns the averaged weights of both networks, named as the teacher's, which the
     * caller owns.
     *
     * @param teacher weights that {@link AutoregressiveTrainer#train} returned
     */
    public Map<String, Tensor> train(Map<String, Tensor> teacher, Path state, TrainingListener listener) {
        try (TensorScope scope = TensorScope.open();
                TrainableParameters parameters =
                        new TrainableParameters(teacher, InitialWeights::isHiddenMatrix, Map.of());
                TeacherForcedBatches batches = new TeacherForcedBatches(dataset, settings.data());
                TeacherForcing forcing = batches.forcing(config)) {
            Networks teachers = Networks.of(config, textConfig, WeightMap.of(teacher));
            TrainingLoop loop = new TrainingLoop(
                    "distillation",
                    "trajectories " + config + " " + textConfig + " " + settings,
                    settings.steps(),
                    new LearningRate(settings.learningRate(), 20, settings.steps(), 0.5),
                    Optimizer.Settings.SHORT_RUN,
                    settings.saveEvery());
            return loop.run(
                    parameters,
                    step -> {
                        batches.prepare(step + 1);
                        Networks student = Networks.of(config, textConfig, parameters.weights());
                        return loss(teachers, student, batches.at(step), forcing, step);
                    },
                    state,
                    listener);
        }
    }

    /** All chunks of a step start at the same timestep of the roll-out, the steps taking turns. */
    private Tensor loss(
            Networks teachers, Networks student, TeacherForcedBatches.Batch batch, TeacherForcing forcing, long step) {
        int start = (int)
                (step / settings.data().cycle().size() % settings.timesteps().size());
        double sigma = settings.timesteps().get(start) / FlowMatchSchedule.TRAINING_STEPS;
        Tensor clean = batch.clean();
        Tokenizer.Tokens tokens = tokenizer.encode(batch.prompts());
        try (Seeds seeds = new Seeds(settings.data().seed() * 1_000_003 + step)) {
            Tensor noise = seeds.normal(Tensors.shape(clean));
            Tensor noisy = clean.add(Ops.mul(noise.sub(clean), sigma));
            Tensor end = Torch.withoutGradients(() -> TensorScope.run(() -> {
                try (TextContext text = teachers.text(tokens)) {
                    return follow(teachers, batch.context(), noisy, start, text, forcing);
                }
            }));
            try (TextContext text = student.text(tokens)) {
                Tensor flow = flow(student, batch.context(), noisy, sigma, text, forcing);
                return Ops.meanSquaredError(flow, Ops.div(noisy.sub(end), sigma));
            }
        }
    }

    /** The end of the teacher's trajectory from {@code noisy} at timestep number {@code start}: Euler steps down to 0. */
    private Tensor follow(
            Networks teachers, Tensor context, Tensor noisy, int start, TextContext text, TeacherForcing forcing) {
        Tensor x = noisy;
        for (int i = start; i < levelCount(); i++) {
            Tensor flow = flow(teachers, context, x, level(i), text, forcing);
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
            Networks networks, Tensor context, Tensor noisy, double sigma, TextContext text, TeacherForcing forcing) {
        Tensor timesteps =
                Tensors.full(DTypes.F32, sigma * FlowMatchSchedule.TRAINING_STEPS, noisy.size(0), noisy.size(1));
        return forcing.flow(networks.transformer(), context, noisy, timesteps, text);
    }
}
