package io.arvid.run;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.model.wan.Tokenizer;
import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.UmtTextEncoder;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.vae.LatentStatistics;
import io.arvid.rollout.RolloutConfig;
import io.arvid.rollout.train.AutoencoderTrainer;
import io.arvid.rollout.train.AutoregressiveTrainer;
import io.arvid.rollout.train.DecoderTrainer;
import io.arvid.rollout.train.LatentDataset;
import io.arvid.rollout.train.LatentMeasurement;
import io.arvid.rollout.train.TeacherForcedBatches;
import io.arvid.rollout.train.TextEncoderTrainer;
import io.arvid.rollout.train.TrainingListener;
import io.arvid.rollout.train.TrajectoryDistiller;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.TokenizerFile;
import io.arvid.rollout.train.world.WordList;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * Makes the bundled model: autoencoder, text encoder, causal transformer on the latents of one and the states of the other, then, where it is
 * asked for, the transformer distilled to the few steps of the roll-out, then the decoder once more. Each part goes on from the state that an earlier run left in the same folder; a part that is finished is not
 * done again.
 */
public final class ShapesTraining {
    private static final TinyVideoAutoencoder.Config AUTOENCODER =
            new TinyVideoAutoencoder.Config(24, new int[] {64, 48, 32, 16}, 16);
    private static final UmtConfig TEXT = new UmtConfig(WordList.words().size(), 64, 64, 128, 4, 2, 32, false);
    private static final WanConfig TRANSFORMER =
            new WanConfig(192, 768, 6, 6, 64, TEXT.dim(), 24, 16, 16, new int[] {1, 2, 2}, 1e-6);
    /** First crops, which cost a fraction of whole frames: what pixels and colors are. */
    private static final AutoencoderTrainer.Settings AUTOENCODER_RUN =
            new AutoencoderTrainer.Settings(1800, 500, 32, 4, 20, 0.5, 4e-3, 7, 100);
    /** The decoder once more, when the transformer has made its latent space final. */
    private static final AutoencoderTrainer.Settings DECODER_RUN =
            new AutoencoderTrainer.Settings(0, 2900, 32, 4, 20, 0.1, 3e-3, 13, 100);

    private static final TextEncoderTrainer.Settings TEXT_RUN =
            new TextEncoderTrainer.Settings(1500, 64, 3e-3, 15, 500);

    /** Many first chunks, where a prompt becomes a scene, in turn with a few whole videos, where the scene moves on. */
    private static final List<TeacherForcedBatches.Size> CYCLE =
            List.of(new TeacherForcedBatches.Size(1, 48), new TeacherForcedBatches.Size(7, 3));

    private static final AutoregressiveTrainer.Settings TRANSFORMER_RUN = new AutoregressiveTrainer.Settings(
            2200, new TeacherForcedBatches.Settings(CYCLE, 3, 12_000, 0.4, 0, 7), 3e-3, 0.5, 5, 100);

    /** Then mostly whole videos, for what is learned last: how shapes go on and where they turn. */
    private static final List<TeacherForcedBatches.Size> FINER_CYCLE = List.of(
            new TeacherForcedBatches.Size(1, 48),
            new TeacherForcedBatches.Size(7, 3),
            new TeacherForcedBatches.Size(7, 3));

    private static final AutoregressiveTrainer.Settings FINER_RUN = new AutoregressiveTrainer.Settings(
            2600, new TeacherForcedBatches.Settings(FINER_CYCLE, 3, 6000, 0.4, 0, 21), 2.5e-3, 0.6, 5, 100);

    /** From the four timesteps of the roll-out to the ends of the trajectories from there. */
    private static TrajectoryDistiller.Settings distillation(long steps) {
        return new TrajectoryDistiller.Settings(
                steps,
                new TeacherForcedBatches.Settings(CYCLE, 3, 1500, 0.1, 0, 9),
                List.of(1000.0, 937.5, 833.3333129882812, 625.0),
                List.of(400.0, 200.0),
                1e-3,
                20);
    }

    private static final int STATISTICS_CLIPS = 64;
    private static final long STATISTICS_SEED = 11;

    private final Path states;
    private final Path target;
    private final long distillationSteps;
    private final TrainingListener listener;
    private final ShapesWorld world = new ShapesWorld(WorldSpec.DEFAULT);

    /**
     * A run.
     *
     * @param states folder of the training states
     * @param target folder that the finished model goes to
     * @param distillationSteps steps of distillation; 0 for none, which made better videos of the bundled model
     * @param listener hears every step
     */
    public ShapesTraining(Path states, Path target, long distillationSteps, TrainingListener listener) {
        this.states = states;
        this.target = target;
        this.distillationSteps = distillationSteps;
        this.listener = listener;
    }

    /** Trains what is not trained yet and writes the model. */
    public void run() {
        Path tokenizerFile = target.resolve(ModelFolder.TOKENIZER);
        try {
            Files.createDirectories(states);
            Files.createDirectories(target);
            TokenizerFile.write(tokenizerFile, TRANSFORMER.textLen());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to " + target + ": " + e.getMessage(), e);
        }
        try (TensorScope scope = TensorScope.open();
                WeightMap trained = autoencoder()) {
            TinyVideoAutoencoder autoencoder = new TinyVideoAutoencoder(AUTOENCODER, trained);
            LatentStatistics statistics = statistics(autoencoder);
            Map<String, Tensor> text = textEncoder(tokenizerFile);
            Map<String, Tensor> transformer = transformer(autoencoder, statistics, text, tokenizerFile);
            write(
                    ModelFolder.AUTOENCODER,
                    new DecoderTrainer(world, AUTOENCODER, DECODER_RUN)
                            .train(trained, state("decoder"), heard("decoder")));
            write(ModelFolder.TRANSFORMER, transformer);
            write(ModelFolder.TEXT_ENCODER, text);
            writeConfig(statistics);
        }
    }

    /** The listener, told of the part instead of the kind of network, of which there are several. */
    private TrainingListener heard(String part) {
        return (phase, step, totalSteps, loss, norm) -> listener.onStep(part, step, totalSteps, loss, norm);
    }

    private Path state(String part) {
        return states.resolve(part + "-state.safetensors");
    }

    /** The autoencoder whose latents the transformer learns. */
    private WeightMap autoencoder() {
        return WeightMap.of(new AutoencoderTrainer(world, AUTOENCODER, AUTOENCODER_RUN)
                .train(state("autoencoder"), heard("autoencoder")));
    }

    private LatentStatistics statistics(TinyVideoAutoencoder autoencoder) {
        Path file = states.resolve("latents.json");
        JsonMapper json = new JsonMapper();
        try {
            if (Files.exists(file)) {
                return json.readValue(file.toFile(), LatentStatistics.class);
            }
            LatentStatistics measured =
                    LatentMeasurement.measure(world, autoencoder, STATISTICS_CLIPS, STATISTICS_SEED);
            AtomicFile.write(file, json.writeValueAsString(measured));
            return measured;
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e.getMessage(), e);
        }
    }

    private Map<String, Tensor> textEncoder(Path tokenizerFile) {
        try (Tokenizer tokenizer = Tokenizer.open(tokenizerFile, TRANSFORMER.textLen())) {
            return new TextEncoderTrainer(world, TEXT, tokenizer, TEXT_RUN)
                    .train(state("text-encoder"), heard("text-encoder"));
        }
    }

    private Map<String, Tensor> transformer(
            TinyVideoAutoencoder autoencoder,
            LatentStatistics statistics,
            Map<String, Tensor> textEncoder,
            Path tokenizerFile) {
        try (Tokenizer tokenizer = Tokenizer.open(tokenizerFile, TRANSFORMER.textLen());
                LatentDataset dataset = new LatentDataset(
                        world, autoencoder, statistics, TRANSFORMER_RUN.data().seed())) {
            UmtTextEncoder encoder = new UmtTextEncoder(TEXT, WeightMap.of(textEncoder));
            Function<List<String>, Tensor> text = prompts -> {
                Tokenizer.Tokens tokens = tokenizer.encode(prompts);
                return Torch.withoutGradients(() -> encoder.encodeZeroPadded(tokens.ids(), tokens.mask()));
            };
            Map<String, Tensor> first = new AutoregressiveTrainer(TRANSFORMER, text, dataset, TRANSFORMER_RUN)
                    .train(state("transformer"), heard("transformer"));
            Map<String, Tensor> teacher = new AutoregressiveTrainer(TRANSFORMER, text, dataset, FINER_RUN)
                    .goOn(first, state("finer"), heard("finer"));
            return distillationSteps == 0
                    ? teacher
                    : new TrajectoryDistiller(TRANSFORMER, text, dataset, distillation(distillationSteps))
                            .train(teacher, state("distillation"), heard("distillation"));
        }
    }

    private void write(String name, Map<String, Tensor> weights) {
        Map<String, Tensor> stored = new LinkedHashMap<>();
        weights.forEach((key, tensor) -> stored.put(key, Ops.to(tensor, DTypes.BF16)));
        SafetensorsWriter.write(target.resolve(name), stored, Map.of("format", "pt"));
    }

    private void writeConfig(LatentStatistics statistics) {
        WorldSpec spec = world.spec();
        ModelConfig config = new ModelConfig(
                "shapes",
                TRANSFORMER,
                TEXT,
                AUTOENCODER,
                statistics,
                RolloutConfig.selfForcing(),
                new ModelConfig.Video(spec.width(), spec.height(), spec.frameCount(), spec.framesPerSecond()));
        AtomicFile.write(
                target.resolve(ModelFolder.CONFIG),
                new JsonMapper().valueToTree(config).toPrettyString() + "\n");
    }
}
