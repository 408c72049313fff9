package io.arvid.evaluate;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.function.ToDoubleBiFunction;
import org.bytedeco.pytorch.Tensor;

/** Distances of latent frames {@code [T, C, h, w]}, any range, before a decoder or codec has touched them. */
public final class LatentDistance implements FrameComparison {
    private final String id;
    private final Direction direction;
    private final ToDoubleBiFunction<Tensor, Tensor> compare;

    private LatentDistance(String id, Direction direction, ToDoubleBiFunction<Tensor, Tensor> compare) {
        this.id = id;
        this.direction = direction;
        this.compare = compare;
    }

    /** Mean squared error of each latent frame. */
    public static LatentDistance meanSquaredError() {
        return new LatentDistance(
                "latent_mse", Direction.LOWER_IS_BETTER, (x, y) -> Tensors.item(Ops.meanSquaredError(x, y)));
    }

    /** Cosine of the angle between each pair of latent frames; 0 where one of them is zero. */
    public static LatentDistance cosine() {
        return new LatentDistance(
                "latent_cosine",
                Direction.HIGHER_IS_BETTER,
                (x, y) -> Tensors.item(
                        Ops.unitLength(x, 0).mul(Ops.unitLength(y, 0)).sum()));
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public Direction direction() {
        return direction;
    }

    @Override
    public double[] perFrame(Tensor reference, Tensor video) {
        FrameComparison.requirePair(reference, video);
        double[] distances = new double[(int) video.size(0)];
        for (int t = 0; t < distances.length; t++) {
            try (TensorScope scope = TensorScope.open()) {
                distances[t] = compare.applyAsDouble(frame(reference, t), frame(video, t));
            }
        }
        return distances;
    }

    private static Tensor frame(Tensor latents, int t) {
        return Ops.toF64(latents.select(0, t)).flatten();
    }
}
