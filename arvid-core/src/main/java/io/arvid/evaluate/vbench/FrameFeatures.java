package io.arvid.evaluate.vbench;

import io.arvid.evaluate.Frames;
import io.arvid.evaluate.net.ImageEncoder;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * An encoder's features of every frame of a video, a few frames at a time.
 *
 * @param transform from frames {@code [N, 3, H, W]} in [0, 255] to what the encoder takes
 * @param encoder the network
 */
record FrameFeatures(UnaryOperator<Tensor> transform, ImageEncoder encoder) {
    private static final int BATCH = 8;

    /** Features {@code [T, D]}, float32. */
    Tensor of(Tensor video) {
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> features = new ArrayList<>();
            for (long start = 0; start < video.size(0); start += BATCH) {
                long from = start;
                long end = Math.min(start + BATCH, video.size(0));
                features.add(
                        TensorScope.run(() -> encoder.encode(transform.apply(Frames.scaledTo255(video, from, end)))));
            }
            return scope.keep(Ops.cat(0, features));
        }
    }
}
