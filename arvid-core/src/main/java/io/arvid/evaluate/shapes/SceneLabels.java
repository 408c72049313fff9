package io.arvid.evaluate.shapes;

import io.arvid.rollout.train.world.Background;
import io.arvid.rollout.train.world.Point;
import io.arvid.rollout.train.world.Scene;
import io.arvid.rollout.train.world.Shape;
import io.arvid.rollout.train.world.ShapeColor;
import io.arvid.rollout.train.world.ShapeKind;
import io.arvid.rollout.train.world.ShapeSize;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * What a stretch of a scene shows, as numbers: for each color whether a shape has it and, where one has, that shape's kind, size, position and motion;
 * then the background. Yes-or-no entries are 0 or 1; positions are {@code (x − W/2) / (W/2)}, motions pixels of the unit frame a frame.
 *
 * @param targets float32 {@code [B, COUNT]}
 * @param weights float32 {@code [B, COUNT]}: 0 for entries that mean nothing (kind of a color that is absent), else their weight in the loss
 */
record SceneLabels(Tensor targets, Tensor weights) {
    private static final int KINDS = ShapeKind.values().length;
    private static final int POSITION = 2 + KINDS;
    private static final int MOTION = POSITION + 2;
    private static final int PER_COLOR = MOTION + 2;
    private static final int COLORS = ShapeColor.values().length;

    /** Entries of one clip. */
    static final int COUNT = COLORS * PER_COLOR + Background.values().length;

    private static final float REGRESSION_WEIGHT = 8;

    /**
     * Labels of frames {@code start … start + frames − 1} of each scene.
     *
     * @param frames 1 for single frames, whose motion is unknown
     */
    static SceneLabels of(Scene[] scenes, int[] starts, int frames, WorldSpec world) {
        float[] targets = new float[scenes.length * COUNT];
        float[] weights = new float[targets.length];
        for (int clip = 0; clip < scenes.length; clip++) {
            int at = clip * COUNT;
            for (int color = 0; color < COLORS; color++) {
                weights[at + color * PER_COLOR] = 1;
            }
            Scene scene = scenes[clip];
            for (int i = 0; i < scene.description().shapes().size(); i++) {
                Point first = scene.centerAt(i, starts[clip], world);
                Point last = scene.centerAt(i, starts[clip] + frames - 1, world);
                Shape shape = scene.description().shapes().get(i);
                shape(shape, first, last, frames, world, targets, weights, at);
            }
            int background = at + COLORS * PER_COLOR;
            targets[background + scene.description().background().ordinal()] = 1;
            for (int i = 0; i < Background.values().length; i++) {
                weights[background + i] = 1;
            }
        }
        return new SceneLabels(Tensors.of(targets, scenes.length, COUNT), Tensors.of(weights, scenes.length, COUNT));
    }

    private static void shape(
            Shape shape,
            Point first,
            Point last,
            int frames,
            WorldSpec world,
            float[] targets,
            float[] weights,
            int clip) {
        int at = clip + shape.color().ordinal() * PER_COLOR;
        targets[at] = 1;
        targets[at + 1] = shape.size() == ShapeSize.values()[0] ? 0 : 1;
        targets[at + 2 + shape.kind().ordinal()] = 1;
        targets[at + POSITION] = (float) ((first.x() + last.x()) / world.width() - 1);
        targets[at + POSITION + 1] = (float) ((first.y() + last.y()) / world.height() - 1);
        for (int i = 1; i < POSITION; i++) {
            weights[at + i] = 1;
        }
        for (int i = POSITION; i < (frames > 1 ? PER_COLOR : MOTION); i++) {
            weights[at + i] = REGRESSION_WEIGHT;
        }
        if (frames > 1) {
            double span = (frames - 1) * world.scale();
            targets[at + MOTION] = (float) ((last.x() - first.x()) / span);
            targets[at + MOTION + 1] = (float) ((last.y() - first.y()) / span);
        }
    }

    /** 1 for entries that are yes or no, 0 for numbers; {@code [COUNT]}. */
    private static Tensor binary() {
        float[] binary = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            binary[i] = i >= COLORS * PER_COLOR || i % PER_COLOR < POSITION ? 1 : 0;
        }
        return Tensors.of(binary, COUNT);
    }

    /** Weighted cross-entropy of yes-or-no entries and squared error of numbers, summed over entries, mean over clips; {@code [B, COUNT]} outputs. */
    Tensor loss(Tensor outputs) {
        Tensor binary = binary();
        Tensor crossEntropy = Ops.binaryCrossEntropy(outputs, targets);
        Tensor squares = outputs.sub(targets).square();
        Tensor each = crossEntropy.mul(binary).add(squares.mul(Ops.add(Ops.mul(binary, -1), 1)));
        return Ops.div(each.mul(weights).sum(), targets.size(0));
    }

    /** Share of the yes-or-no entries that count whose output lies on the right side of 0. */
    double accuracy(Tensor outputs) {
        Tensor counted = binary().mul(Ops.toF32(weights.gt(new org.bytedeco.pytorch.Scalar(0))));
        Tensor right = Ops.toF32(Ops.ge(outputs, 0)).sub(targets).abs().lt(new org.bytedeco.pytorch.Scalar(0.5));
        return Tensors.item(Ops.toF32(right).mul(counted).sum()) / Tensors.item(counted.sum());
    }

    /** Mean absolute error of the motions that count, pixels a frame. */
    double motionError(Tensor outputs) {
        float[] motion = new float[COUNT];
        for (int i = 0; i < COLORS * PER_COLOR; i++) {
            motion[i] = i % PER_COLOR >= MOTION ? 1 : 0;
        }
        Tensor counted = Tensors.of(motion, COUNT).mul(Ops.toF32(weights.gt(new org.bytedeco.pytorch.Scalar(0))));
        return Tensors.item(outputs.sub(targets).abs().mul(counted).sum()) / Math.max(1, Tensors.item(counted.sum()));
    }
}
