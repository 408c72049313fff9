package io.arvid.model.wan.vae;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** What an autoencoder remembers of one clip: the last input frames of each convolution over time. Its size does not depend on the clip's length. */
final class FrameHistory implements AutoCloseable {
    private final Map<String, List<Tensor>> lastFrames = new HashMap<>();

    /** True where {@code layer} has not been seen before; from then on false. */
    boolean begins(String layer) {
        return lastFrames.putIfAbsent(layer, List.of()) == null;
    }

    /**
     * Frames {@code x [B, T, H, W, C]} with the last {@code count} before them in front, zeros where there were fewer: {@code [B, count + T, H, W, C]}.
     * Remembers the last of {@code x} for the next call.
     */
    Tensor inFrontOf(Tensor x, String layer, int count) {
        List<Tensor> parts = new ArrayList<>(lastFrames.getOrDefault(layer, List.of()));
        if (parts.size() < count) {
            parts.addFirst(
                    Tensors.zeros(DTypes.of(x), x.size(0), count - parts.size(), x.size(2), x.size(3), x.size(4)));
        }
        parts.add(x);
        Tensor joined = Ops.cat(1, parts);
        remember(x, layer, count);
        return joined;
    }

    /** Remembers the last {@code count} frames of {@code layer}'s input, of which {@code x [B, T, H, W, C]} are the newest. */
    void remember(Tensor x, String layer, int count) {
        List<Tensor> frames = new ArrayList<>(lastFrames.getOrDefault(layer, List.of()));
        for (long t = Math.max(0, x.size(1) - count); t < x.size(1); t++) {
            // A slice would keep all frames of x in memory.
            frames.add(TensorScope.own(x.size(1) == 1 ? x : Ops.copy(Ops.slice(x, 1, t, t + 1))));
        }
        while (frames.size() > count) {
            frames.removeFirst().close();
        }
        lastFrames.put(layer, frames);
    }

    @Override
    public void close() {
        lastFrames.values().forEach(frames -> frames.forEach(Tensor::close));
        lastFrames.clear();
    }
}
