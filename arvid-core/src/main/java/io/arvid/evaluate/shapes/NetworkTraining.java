package io.arvid.evaluate.shapes;

import io.arvid.rollout.train.LearningRate;
import io.arvid.rollout.train.Optimizer;
import io.arvid.rollout.train.TrainableParameters;
import io.arvid.rollout.train.TrainingListener;
import io.arvid.rollout.train.TrainingLoop;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * How both feature networks are trained: clipped gradients, Muon for kernels and AdamW for the rest, the moving average of the weights as result.
 *
 * @param phase name in progress
 * @param steps optimizer steps
 * @param clips clips of a step
 * @param learningRate peak learning rate
 * @param seed seed of weights and data
 * @param saveEvery steps between two saved states
 */
record NetworkTraining(String phase, long steps, int clips, double learningRate, long seed, long saveEvery) {
    private static final int WARMUP_STEPS = 30;
    private static final double DECAY_SHARE = 0.5;

    /** The loss of step {@code step} with these weights. */
    @FunctionalInterface
    interface Loss {
        Tensor at(WeightMap weights, long step);
    }

    /** Trains, or goes on from the file {@code state}; returns the averaged weights, which the caller owns. */
    Map<String, Tensor> run(SequencedMap<String, long[]> shapes, Loss loss, Path state, TrainingListener listener) {
        try (TensorScope scope = TensorScope.open();
                TrainableParameters parameters =
                        new TrainableParameters(initial(shapes), NetworkTraining::isHiddenKernel, Map.of())) {
            TrainingLoop loop = new TrainingLoop(
                    phase,
                    toString(),
                    steps,
                    new LearningRate(learningRate, WARMUP_STEPS, steps, DECAY_SHARE),
                    Optimizer.Settings.DEFAULT,
                    saveEvery);
            return loop.run(parameters, step -> loss.at(parameters.weights(), step), state, listener);
        }
    }

    /** Seed of the data of step {@code step}. */
    long dataSeed(long step) {
        return seed * 1_000_003 + step;
    }

    /** Kernels and matrices but those that touch pixels or labels, and LPIPS's heads. */
    private static boolean isHiddenKernel(String name) {
        return name.matches("(features\\.(2|4|6)|conv\\d|embed|hidden)\\.weight") && !name.startsWith("conv0.");
    }

    /** He initialization; biases 0, LPIPS's heads 1. */
    private SequencedMap<String, Tensor> initial(SequencedMap<String, long[]> shapes) {
        SequencedMap<String, Tensor> weights = new LinkedHashMap<>();
        try (Seeds seeds = new Seeds(seed)) {
            shapes.forEach((name, shape) -> weights.put(name, one(name, shape, seeds)));
        }
        return weights;
    }

    private static Tensor one(String name, long[] shape, Seeds seeds) {
        if (name.endsWith(".bias")) {
            return Tensors.zeros(DTypes.F32, shape);
        }
        if (name.startsWith("lin")) {
            return Tensors.ones(DTypes.F32, shape);
        }
        long fanIn = 1;
        for (int i = 1; i < shape.length; i++) {
            fanIn *= shape[i];
        }
        return Ops.mul(seeds.normal(shape), Math.sqrt(2.0 / fanIn));
    }
}
