package io.arvid.model.wan.vae;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The layers of an encoder or decoder in order. Layers at full frame rate, which are those at high resolution, run frame by frame: as they look back
 * only, the result is the same, and memory holds one frame of activations instead of all that belong to a latent frame.
 */
final class LayerStack {
    private final List<VaeLayer> layers;
    private final int frameByFrameFrom;
    private final int frameByFrameTo;
    private final WeightMap weights;

    private LayerStack(List<VaeLayer> layers, int frameByFrameFrom, int frameByFrameTo, WeightMap weights) {
        this.layers = List.copyOf(layers);
        this.frameByFrameFrom = frameByFrameFrom;
        this.frameByFrameTo = frameByFrameTo;
        this.weights = weights;
    }

    /** An encoder: frame by frame up to the first layer that halves time. */
    static LayerStack encoder(List<VaeLayer> layers, WeightMap weights) {
        int end = 0;
        while (end < layers.size() && !(layers.get(end) instanceof Downsample down && down.inTime())) {
            end++;
        }
        return new LayerStack(layers, 0, end, weights);
    }

    /** A decoder: frame by frame after the last layer that doubles time. */
    static LayerStack decoder(List<VaeLayer> layers, WeightMap weights) {
        int start = layers.size();
        while (start > 0 && !(layers.get(start - 1) instanceof Upsample up && up.inTime())) {
            start--;
        }
        return new LayerStack(layers, start, layers.size(), weights);
    }

    /** The next frames {@code x [B, T, H, W, C]} of a clip through all layers. */
    Tensor apply(Tensor x, FrameHistory history, LayerListener listener) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor before = run(0, frameByFrameFrom, x, history, listener);
            List<Tensor> frames = new ArrayList<>();
            for (long t = 0; t < before.size(1); t++) {
                Tensor frame = Ops.slice(before, 1, t, t + 1);
                frames.add(run(frameByFrameFrom, frameByFrameTo, frame, history, listener));
            }
            Tensor joined = frames.size() == 1 ? frames.getFirst() : Ops.cat(1, frames);
            return scope.keep(run(frameByFrameTo, layers.size(), joined, history, listener));
        }
    }

    /** Layers {@code from … to − 1}; the output of each is freed as soon as the next one is done with it. */
    private Tensor run(int from, int to, Tensor x, FrameHistory history, LayerListener listener) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor current = TensorScope.own(x);
            for (VaeLayer layer : layers.subList(from, to)) {
                Tensor next;
                try (TensorScope step = TensorScope.open()) {
                    next = TensorScope.own(layer.apply(current, weights, history));
                    listener.onLayer(layer.name(), next.permute(0, 4, 1, 2, 3));
                }
                current.close();
                current = next;
            }
            scope.keep(current);
            current.close();
            return current;
        }
    }
}
