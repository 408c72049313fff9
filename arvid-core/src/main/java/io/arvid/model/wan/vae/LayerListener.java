package io.arvid.model.wan.vae;

import org.bytedeco.pytorch.Tensor;

/** Sees what each layer of the autoencoder puts out. */
@FunctionalInterface
public interface LayerListener {
    /** Listens to nothing. */
    LayerListener NONE = (layer, output) -> {};

    /**
     * Called after each layer, with one frame or more at a time.
     *
     * @param layer name in the checkpoint, such as {@code decoder.upsamples.3}
     * @param output {@code [B, C, T, H, W]}; valid during the call only
     */
    void onLayer(String layer, Tensor output);
}
