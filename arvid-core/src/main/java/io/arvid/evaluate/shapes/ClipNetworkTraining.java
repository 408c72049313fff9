package io.arvid.evaluate.shapes;

import io.arvid.rollout.train.TrainingListener;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/** Trains {@link ClipNetwork}: a linear layer reads from its features what stretches of training scenes show. */
final class ClipNetworkTraining {
    /** Frames of a step's clips, in turn: features must mean the same for short and for long clips. */
    private static final int[] FRAMES = {12, 9, 16};

    private final ShapesWorld world;
    private final NetworkTraining training;

    ClipNetworkTraining(ShapesWorld world, NetworkTraining training) {
        this.world = world;
        this.training = training;
    }

    /** Trains, or goes on; returns all weights, the reader's ({@code labels.…}) among them. */
    Map<String, Tensor> run(Path state, TrainingListener listener) {
        SequencedMap<String, long[]> shapes = ClipNetwork.parameterShapes();
        shapes.put("labels.weight", new long[] {SceneLabels.COUNT, ClipNetwork.FEATURES});
        shapes.put("labels.bias", new long[] {SceneLabels.COUNT});
        return training.run(shapes, this::loss, state, listener);
    }

    private Tensor loss(WeightMap weights, long step) {
        int frames = FRAMES[(int) (step % FRAMES.length)];
        SceneBatch batch = SceneBatch.draw(world, training.clips(), frames, training.dataSeed(step));
        return batch.labels(frames).loss(outputs(weights, batch.render(frames)));
    }

    /** What the reader says of clips {@code [B, T, 3, H, W]}. */
    static Tensor outputs(WeightMap weights, Tensor clips) {
        Tensor features =
                ClipNetwork.features(weights::get, clips.transpose(1, 2).contiguous());
        return Ops.linear(ImageOps.relu(features), weights.get("labels.weight"), weights.get("labels.bias"));
    }

    /** Accuracy on {@code clips} clips that training did not draw, and the error of motions in pixels a frame. */
    static double[] figures(WeightMap weights, ShapesWorld world, int clips, long seed) {
        SceneBatch batch = SceneBatch.draw(world, clips, FRAMES[0], seed);
        Tensor outputs = outputs(weights, batch.render(FRAMES[0]));
        SceneLabels labels = batch.labels(FRAMES[0]);
        return new double[] {labels.accuracy(outputs), labels.motionError(outputs), Tensors.item(labels.loss(outputs))};
    }
}
