package io.arvid.evaluate.net;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * All-pairs correlation of two feature maps at several resolutions of the second (RAFT, Teed and Deng 2020): for each pixel of the first map, a window of
 * correlations around the place where it is thought to be in the second.
 */
final class CorrelationPyramid {
    private final int radius;
    private final long height;
    private final long width;
    private final List<Tensor> levels = new ArrayList<>();

    /** Correlates maps {@code [1, C, h, w]}; the tensors belong to the open scope. */
    CorrelationPyramid(Tensor first, Tensor second, int levelCount, int radius) {
        this.radius = radius;
        this.height = first.size(2);
        this.width = first.size(3);
        long channels = first.size(1);
        Tensor a = first.reshape(channels, height * width);
        Tensor b = second.reshape(channels, height * width);
        Tensor products = Ops.div(a.t().matmul(b), (float) Math.sqrt(channels));
        Tensor level = products.view(height * width, 1, height, width);
        levels.add(level);
        for (int i = 1; i < levelCount; i++) {
            level = ImageOps.averagePool(level, 2);
            levels.add(level);
        }
    }

    /** The same correlations seen from the second map. */
    static CorrelationPyramid reversed(Tensor first, Tensor second, int levelCount, int radius) {
        return new CorrelationPyramid(second, first, levelCount, radius);
    }

    /**
     * Correlations {@code [1, levels · (2r+1)², h, w]} around the places {@code coordinates} {@code [1, 2, h, w]}, (x, y) in pixels.
     *
     * <p>As in the official code the window's first index moves x and its second y.
     */
    Tensor lookup(Tensor coordinates) {
        int side = 2 * radius + 1;
        Tensor steps = Ops.add(Tensors.arange(DTypes.F32, side), -radius);
        Tensor dx = steps.view(side, 1).expand(side, side);
        Tensor dy = steps.view(1, side).expand(side, side);
        Tensor window = Ops.stack(2, dx, dy).view(1, side, side, 2);
        Tensor centres = coordinates.permute(0, 2, 3, 1).reshape(height * width, 1, 1, 2);
        List<Tensor> sampled = new ArrayList<>();
        for (int i = 0; i < levels.size(); i++) {
            Tensor places = Ops.div(centres, 1 << i).add(window);
            sampled.add(sample(levels.get(i), places).view(1, height, width, (long) side * side));
        }
        return Ops.cat(3, sampled).permute(0, 3, 1, 2).contiguous();
    }

    /** Bilinear samples of {@code map} at {@code places} in pixels, zero outside. */
    private static Tensor sample(Tensor map, Tensor places) {
        Tensor x = Ops.add(Ops.div(Ops.mul(places.select(3, 0), 2), map.size(3) - 1.0), -1);
        Tensor y = Ops.add(Ops.div(Ops.mul(places.select(3, 1), 2), map.size(2) - 1.0), -1);
        return ImageOps.gridSample(map, Ops.stack(3, x, y), false);
    }

    /** The pixel coordinates {@code [1, 2, h, w]} of a map, (x, y). */
    static Tensor grid(long height, long width) {
        Tensor x = Tensors.arange(DTypes.F32, width).view(1, width).expand(height, width);
        Tensor y = Tensors.arange(DTypes.F32, height).view(height, 1).expand(height, width);
        return Ops.stack(0, x, y).unsqueeze(0);
    }
}
