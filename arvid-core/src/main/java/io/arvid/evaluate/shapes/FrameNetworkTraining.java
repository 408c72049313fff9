package io.arvid.evaluate.shapes;

import io.arvid.evaluate.net.Lpips;
import io.arvid.evaluate.net.LpipsTrunk;
import io.arvid.evaluate.net.NetWeights;
import io.arvid.rollout.train.TrainingListener;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Trains the trunk and the heads of {@code lpips-shapes}. Two losses: a reader names what frames show from the trunk's last stage; and of two distortions of
 * one kind the stronger must be farther away, {@code softplus(−5 · log(d_strong / d_weak))}. Heads are squares, so that they stay positive.
 */
final class FrameNetworkTraining {
    private static final int[] WIDTHS = {3, 12, 24, 32, 48};
    private static final int HIDDEN = 64;
    private static final int LAST_SIDE = 8;
    private static final double SHARPNESS = 5;
    private static final double RANKING_WEIGHT = 4;
    private static final double NO_DISTANCE = 1e-6;

    private final ShapesWorld world;
    private final NetworkTraining training;

    FrameNetworkTraining(ShapesWorld world, NetworkTraining training) {
        this.world = world;
        this.training = training;
    }

    /** Trains, or goes on; returns the weights of the distance, without the reader's. */
    Map<String, Tensor> run(Path state, TrainingListener listener) {
        Map<String, Tensor> trained = training.run(shapes(), this::loss, state, listener);
        Map<String, Tensor> kept = new LinkedHashMap<>();
        trained.forEach((name, tensor) -> {
            if (name.startsWith("lin")) {
                kept.put(name, tensor.square());
            } else if (name.startsWith("features.")) {
                kept.put(name, tensor);
            }
        });
        return kept;
    }

    private static SequencedMap<String, long[]> shapes() {
        SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
        int stages = WIDTHS.length - 1;
        for (int i = 0; i < stages; i++) {
            shapes.put("features." + 2 * i + ".weight", new long[] {WIDTHS[i + 1], WIDTHS[i], 3, 3});
            shapes.put("features." + 2 * i + ".bias", new long[] {WIDTHS[i + 1]});
        }
        for (int i = 0; i < stages; i++) {
            shapes.put("lin" + i + ".model.1.weight", new long[] {1, WIDTHS[i + 1], 1, 1});
        }
        shapes.put("hidden.weight", new long[] {HIDDEN, (long) WIDTHS[stages] * LAST_SIDE * LAST_SIDE});
        shapes.put("hidden.bias", new long[] {HIDDEN});
        shapes.put("labels.weight", new long[] {SceneLabels.COUNT, HIDDEN});
        shapes.put("labels.bias", new long[] {SceneLabels.COUNT});
        return shapes;
    }

    private Tensor loss(WeightMap weights, long step) {
        int clips = training.clips();
        int most = FrameDistortion.MOST_FRAMES_LATER;
        SceneBatch batch = SceneBatch.draw(world, clips, 1 + most, training.dataSeed(step));
        try (Seeds seeds = new Seeds(training.dataSeed(step))) {
            Tensor frames = batch.render(1).squeeze(1);
            Tensor strong = Ops.add(Ops.mul(seeds.uniform(clips), 0.9), 0.1);
            Tensor weak = strong.mul(Ops.add(Ops.mul(seeds.uniform(clips), 0.6), 0.1));
            FrameDistortion kind = FrameDistortion.values()[(int) (step % FrameDistortion.values().length)];
            List<Tensor> distorted = kind.both(batch, frames, List.of(weak, strong), training.dataSeed(step));
            List<Tensor> features = LpipsTrunk.SHAPES.features(
                    NetWeights.sharing("lpips-shapes", weights),
                    Lpips.standardize(Lpips.toSigned(Ops.cat(0, frames, distorted.get(0), distorted.get(1)))));
            Tensor near = distance(weights, features, clips, 1);
            Tensor far = distance(weights, features, clips, 2);
            Tensor margin = Ops.mul(
                    Ops.add(far, NO_DISTANCE)
                            .log()
                            .sub(Ops.add(near, NO_DISTANCE).log()),
                    -SHARPNESS);
            Tensor ranking = Ops.clampMin(margin, 0)
                    .add(Ops.add(Ops.mul(margin.abs(), -1).exp(), 1).log())
                    .mean();
            Tensor last = Ops.slice(features.getLast(), 0, 0, clips).flatten(1, -1);
            Tensor hidden = ImageOps.relu(Ops.linear(last, weights.get("hidden.weight"), weights.get("hidden.bias")));
            Tensor outputs = Ops.linear(hidden, weights.get("labels.weight"), weights.get("labels.bias"));
            return batch.labels(1).loss(outputs).add(Ops.mul(ranking, RANKING_WEIGHT));
        }
    }

    /** Distances {@code [clips]} of the frames from their {@code part}-th distortions; LPIPS with the mean of each stage over its own pixels. */
    private static Tensor distance(WeightMap weights, List<Tensor> features, int clips, int part) {
        Tensor sum = Tensors.zeros(io.arvid.tensor.DTypes.F32, clips);
        for (int stage = 0; stage < features.size(); stage++) {
            Tensor unit = unit(features.get(stage));
            Tensor difference =
                    Ops.slice(unit, 0, 0, clips).sub(Ops.slice(unit, 0, (long) part * clips, (part + 1L) * clips));
            Tensor head = weights.get("lin" + stage + ".model.1.weight").square();
            sum = sum.add(Ops.mean(difference.square().mul(head), false, 2, 3).sum(1));
        }
        return sum;
    }

    /** Features of unit length over the channels; where all are zero, the root has a gradient too. */
    private static Tensor unit(Tensor features) {
        return features.div(
                Ops.add(Ops.sum(features.square(), true, 1), NO_DISTANCE).sqrt());
    }
}
