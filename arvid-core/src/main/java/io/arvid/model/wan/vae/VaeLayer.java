package io.arvid.model.wan.vae;

import io.arvid.weights.WeightMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** One layer of the autoencoder: its name and sizes. Weights and memory are arguments. */
sealed interface VaeLayer permits CausalConv, ResidualBlock, FrameAttention, Downsample, Upsample, OutputHead {
    /** Name in the checkpoint, such as {@code decoder.upsamples.3}. */
    String name();

    /** Adds the layer's parameters to {@code shapes}. */
    void addParameters(Map<String, long[]> shapes);

    /**
     * The next frames of a clip through this layer.
     *
     * @param x {@code [B, T, H, W, C]}
     * @param history what the layers saw of this clip; updated
     * @return {@code [B, T', H', W', C']}, contiguous
     */
    Tensor apply(Tensor x, WeightMap weights, FrameHistory history);
}
