package io.arvid.quantize.qat;

import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.rollout.RolloutConfig;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** A random transformer and random clips, small enough to train in a test. */
final class TinyStudent implements AutoCloseable, QatData {
    static final WanConfig CONFIG = new WanConfig(24, 48, 2, 1, 16, 16, 4, 4, 4, new int[] {1, 2, 2}, 1e-6);
    static final RolloutConfig ROLLOUT =
            new RolloutConfig(2, false, new int[] {1000, 500}, null, true, 5, 0, RolloutConfig.GLOBAL_ATTENTION, 0);
    private static final int CLIPS = 6;
    private static final int FRAMES = 4;

    private final WeightMap weights;
    private final List<Tensor> latents = new ArrayList<>();
    private final List<Tensor> texts = new ArrayList<>();
    final WanTransformer teacher;

    TinyStudent() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(5)) {
            Map<String, Tensor> parameters = new LinkedHashMap<>();
            CONFIG.parameterShapes().forEach((name, shape) -> {
                Tensor values = seeds.normal(shape);
                boolean gain = name.contains("norm") && name.endsWith(".weight");
                double size = shape.length == 1 || name.endsWith("modulation")
                        ? 0.1
                        : 1 / Math.sqrt((double) values.numel() / shape[0]);
                parameters.put(name, gain ? Ops.add(Ops.mul(values, 0.1), 1) : Ops.mul(values, size));
            });
            weights = WeightMap.of(parameters);
            for (int i = 0; i < CLIPS; i++) {
                latents.add(TensorScope.own(seeds.normal(FRAMES, 4, 4, 4)));
                texts.add(TensorScope.own(seeds.normal(4, 16)));
            }
        }
        teacher = new WanTransformer(CONFIG, weights);
    }

    @Override
    public Tensor latents(int clip, int frames) {
        return latents.get(clip);
    }

    @Override
    public Tensor text(int clip) {
        return texts.get(clip);
    }

    /** QVGen at four bits with a rank of 4 over 9 steps: phases of 3. */
    static QatRecipe recipe(QatRecipe.Context context) {
        QatRecipe d = QatMethod.qvgen().defaults();
        return new QatRecipe(
                d.scheme(),
                3,
                d.follow(),
                d.weights(),
                new QatRecipe.Inputs(true, 5),
                new QatRecipe.Auxiliary(4, 3, 0, d.auxiliary().decay(), 1, false),
                d.loss(),
                new QatRecipe.Rates(1e-3, 1e-3, 1e-3, 1e-2, 0.1),
                d.optimizer(),
                new QatRecipe.Training(context, 9, 2, 2, CLIPS, 0.5, 0.1, 0, 2, 3, QatRecipe.Precision.F32, false, 4));
    }

    static QatRecipe with(QatRecipe r, InputRule inputs) {
        Scheme s = new Scheme(
                r.scheme().weights(), inputs, r.scheme().skip(), r.scheme().kv());
        return new QatRecipe(
                s,
                r.seed(),
                r.follow(),
                r.weights(),
                new QatRecipe.Inputs(
                        r.inputs().learnedClipping() && inputs instanceof InputRule.Dynamic,
                        r.inputs().buckets()),
                r.auxiliary(),
                r.loss(),
                r.rates(),
                r.optimizer(),
                r.training());
    }

    QatTrainer trainer(QatRecipe recipe) {
        return new QatTrainer("qvgen", "tiny", teacher, recipe, this, QatSampling.of(ROLLOUT), ROLLOUT);
    }

    Tensor noise(long seed) {
        try (Seeds seeds = new Seeds(seed)) {
            return seeds.normal(1, FRAMES, 4, 4, 4);
        }
    }

    static Tensor ones(long... shape) {
        return Tensors.ones(DTypes.F32, shape);
    }

    @Override
    public void close() {
        weights.close();
        latents.forEach(Tensor::close);
        texts.forEach(Tensor::close);
    }
}
