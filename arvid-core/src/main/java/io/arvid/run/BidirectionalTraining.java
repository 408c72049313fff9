package io.arvid.run;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.wan.WanTransformer;
import io.arvid.rollout.RolloutConfig;
import io.arvid.rollout.preset.Guided;
import io.arvid.rollout.train.BidirectionalTrainer;
import io.arvid.rollout.train.LatentDataset;
import io.arvid.rollout.train.TrainingListener;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Makes the bidirectional variant of a causal model of the bundled world: same sizes, same data, same text encoder and autoencoder; the transformer goes on
 * from the causal weights with every token seeing every other.
 */
public final class BidirectionalTraining {
    private static final int CLIPS = 12_000;
    private static final int BATCH = 6;
    private static final double LEARNING_RATE = 2e-3;
    private static final double SHIFT = 5;
    private static final long SEED = 21;
    private static final long SAVE_EVERY = 100;
    private static final int SAMPLER_STEPS = 20;

    private final Generator source;
    private final Path states;
    private final Path target;
    private final long steps;
    private final TrainingListener listener;

    /**
     * A run.
     *
     * @param source generator of the causal model
     * @param states folder of the training state
     * @param target folder of the finished model
     * @param steps optimizer steps
     */
    public BidirectionalTraining(Generator source, Path states, Path target, long steps, TrainingListener listener) {
        this.source = source;
        this.states = states;
        this.target = target;
        this.steps = steps;
        this.listener = listener;
        if (source.model().plan() != null || source.model().config().sampler() != null) {
            throw new IllegalArgumentException(source.model().path() + " is no causal model in full precision");
        }
    }

    /** Trains, or goes on, and writes the model. */
    public void run() {
        try {
            Files.createDirectories(states);
            Files.createDirectories(target);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to " + target + ": " + e.getMessage(), e);
        }
        ModelFolder model = source.model();
        WanTransformer causal = model.transformer();
        int frames = model.config().video().latentFrames();
        try (LatentDataset dataset = ShapesClips.dataset(model);
                TensorScope scope = TensorScope.open()) {
            BidirectionalTrainer trainer = new BidirectionalTrainer(
                    model.hash() + " on clips " + ShapesClips.SEED + " of " + WorldSpec.DEFAULT,
                    causal.config(),
                    prompts ->
                            Ops.cat(0, prompts.stream().map(source::textStates).toList()),
                    dataset,
                    new BidirectionalTrainer.Settings(
                            steps, BATCH, frames, CLIPS, LEARNING_RATE, SHIFT, SEED, SAVE_EVERY));
            try (WeightMap trained = WeightMap.of(trainer.train(
                            causal.weights(), states.resolve("bidirectional-state.safetensors"), listener));
                    WeightMap stored = trained.to(DTypes.BF16)) {
                SafetensorsWriter.write(
                        target.resolve(ModelFolder.TRANSFORMER), stored.entries(), Map.of("format", "pt"));
            }
        }
        model.copyCompanions(target);
        AtomicFile.write(
                target.resolve(ModelFolder.CONFIG),
                new JsonMapper().valueToTree(config(model.config(), frames)).toPrettyString() + "\n");
    }

    private static ModelConfig config(ModelConfig causal, int frames) {
        RolloutConfig rollout = causal.rollout();
        return new ModelConfig(
                causal.name() + "-bidirectional",
                causal.transformer(),
                causal.textEncoder(),
                causal.autoencoder(),
                causal.latents(),
                new RolloutConfig(
                        frames,
                        false,
                        rollout.denoisingSteps(),
                        null,
                        rollout.warpSteps(),
                        rollout.shift(),
                        0,
                        RolloutConfig.GLOBAL_ATTENTION,
                        0),
                causal.video(),
                new Guided("unipc", SAMPLER_STEPS, SHIFT, 1, 0, ""));
    }
}
