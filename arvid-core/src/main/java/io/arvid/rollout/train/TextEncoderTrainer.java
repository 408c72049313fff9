package io.arvid.rollout.train;

import io.arvid.model.wan.Tokenizer;
import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.UmtTextEncoder;
import io.arvid.rollout.train.world.Background;
import io.arvid.rollout.train.world.Direction;
import io.arvid.rollout.train.world.PromptGrammar;
import io.arvid.rollout.train.world.SceneDescription;
import io.arvid.rollout.train.world.Shape;
import io.arvid.rollout.train.world.ShapeColor;
import io.arvid.rollout.train.world.ShapeKind;
import io.arvid.rollout.train.world.ShapeSize;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.Speed;
import io.arvid.rollout.train.world.WordList;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Trains the text encoder before the transformer and apart from it, as Wan's umT5 is trained before Wan. A linear read-out of every word's state is asked
 * what the prompt says about the shape that the word belongs to, which of the shapes that is, and the background; so a word's state comes to hold its
 * whole phrase. The read-out is thrown away.
 */
public final class TextEncoderTrainer {
    /**
     * Settings of a run.
     *
     * @param steps optimizer steps
     * @param prompts prompts of a step
     * @param learningRate peak learning rate
     * @param seed seed of weights and prompts
     * @param saveEvery steps between two saved states
     */
    public record Settings(long steps, int prompts, double learningRate, long seed, long saveEvery) {}

    /** Only shape, first of two, second of two. */
    private static final int PLACES = 3;

    private static final int LABELS = PLACES
            + ShapeSize.values().length
            + ShapeColor.values().length
            + ShapeKind.values().length
            + Direction.values().length
            + Speed.values().length
            + Background.values().length;
    private static final String READOUT = "readout.";
    private static final int WORDS_OF_A_SHAPE = PromptGrammar.phraseOf(new Shape(
                    ShapeSize.values()[0],
                    ShapeColor.values()[0],
                    ShapeKind.values()[0],
                    Direction.values()[0],
                    Speed.values()[0]))
            .split(" ")
            .length;

    private final ShapesWorld world;
    private final UmtConfig config;
    private final Tokenizer tokenizer;
    private final Settings settings;

    /** A trainer of encoders of {@code config} on prompts of {@code world}, a word a token. */
    public TextEncoderTrainer(ShapesWorld world, UmtConfig config, Tokenizer tokenizer, Settings settings) {
        if (config.vocab() < WordList.words().size()) {
            throw new IllegalArgumentException("the world has "
                    + WordList.words().size() + " words, the text encoder's vocabulary " + config.vocab());
        }
        this.world = world;
        this.config = config;
        this.tokenizer = tokenizer;
        this.settings = settings;
    }

    /** Trains, or goes on from {@code state}; returns the averaged weights of the encoder, which the caller owns. */
    public Map<String, Tensor> train(Path state, TrainingListener listener) {
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> initial = InitialWeights.of(config, settings.seed());
            initial.put(READOUT + "weight", Tensors.zeros(DTypes.F32, LABELS, config.dim()));
            initial.put(READOUT + "bias", Tensors.zeros(DTypes.F32, LABELS));
            try (TrainableParameters parameters =
                    new TrainableParameters(initial, InitialWeights::isHiddenMatrix, Map.of())) {
                TrainingLoop loop = new TrainingLoop(
                        "text encoder",
                        config + " " + settings,
                        settings.steps(),
                        new LearningRate(settings.learningRate(), 50, settings.steps(), 0.5),
                        Optimizer.Settings.SHORT_RUN,
                        settings.saveEvery());
                Map<String, Tensor> trained =
                        loop.run(parameters, step -> loss(parameters.weights(), step), state, listener);
                trained.remove(READOUT + "weight").close();
                trained.remove(READOUT + "bias").close();
                return trained;
            }
        }
    }

    private Tensor loss(WeightMap weights, long step) {
        List<String> prompts = new ArrayList<>();
        for (int i = 0; i < settings.prompts(); i++) {
            prompts.add(world.trainingScene(settings.seed() * 1_000_003 + step * settings.prompts() + i)
                    .prompt());
        }
        Tokenizer.Tokens tokens = tokenizer.encode(prompts);
        try (WeightMap encoder = encoder(weights)) {
            Tensor states = new UmtTextEncoder(config, encoder).encode(tokens.ids(), tokens.mask());
            Tensor answers = Ops.linear(states, weights.get(READOUT + "weight"), weights.get(READOUT + "bias"));
            Tensor each = Ops.binaryCrossEntropy(answers, labels(prompts));
            Tensor counted = Ops.toF32(tokens.mask()).unsqueeze(-1);
            return each.mul(counted).sum().div(counted.sum());
        }
    }

    private static WeightMap encoder(WeightMap weights) {
        Map<String, Tensor> encoder = new LinkedHashMap<>(weights.entries());
        encoder.keySet().removeIf(name -> name.startsWith(READOUT));
        return WeightMap.of(encoder);
    }

    /** What is to be known at each token, 0 or 1: {@code [prompts, tokens, LABELS]}. */
    private Tensor labels(List<String> prompts) {
        int tokens = tokenizer.length();
        float[] labels = new float[prompts.size() * tokens * LABELS];
        for (int prompt = 0; prompt < prompts.size(); prompt++) {
            SceneDescription scene = PromptGrammar.parse(prompts.get(prompt));
            for (int token = 0; token < tokens; token++) {
                int at = (prompt * tokens + token) * LABELS;
                labels[
                        at
                                + LABELS
                                - Background.values().length
                                + scene.background().ordinal()] = 1;
                int number = token / (WORDS_OF_A_SHAPE + 1);
                boolean joining = token % (WORDS_OF_A_SHAPE + 1) == WORDS_OF_A_SHAPE;
                if (number < scene.shapes().size() && !joining) {
                    labels[at + (scene.shapes().size() == 1 ? 0 : 1 + number)] = 1;
                    mark(scene.shapes().get(number), labels, at + PLACES);
                }
            }
        }
        return Tensors.of(labels, prompts.size(), tokens, LABELS);
    }

    private static void mark(Shape shape, float[] labels, int at) {
        for (Enum<?> attribute :
                List.<Enum<?>>of(shape.size(), shape.color(), shape.kind(), shape.direction(), shape.speed())) {
            labels[at + attribute.ordinal()] = 1;
            at += attribute.getDeclaringClass().getEnumConstants().length;
        }
    }
}
