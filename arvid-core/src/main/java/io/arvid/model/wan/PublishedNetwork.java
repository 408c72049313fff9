package io.arvid.model.wan;

import io.arvid.model.wan.ModelCard.Network;
import io.arvid.model.wan.vae.WanVaeConfig;
import java.util.Map;
import java.util.function.Supplier;

/** The published networks around the transformer. */
public enum PublishedNetwork {
    /** {@code Wan2.1_VAE.pth}. */
    VIDEO_AUTOENCODER(
            Network.VIDEO_AUTOENCODER,
            "wan2.1-vae",
            "Wan2.1 video autoencoder",
            () -> WanVaeConfig.wan2_1().parameterShapes()),
    /** {@code models_t5_umt5-xxl-enc-bf16.pth}. */
    TEXT_ENCODER(
            Network.TEXT_ENCODER,
            "umt5-xxl",
            "umT5-XXL encoder",
            () -> UmtConfig.xxl().parameterShapes()),
    /** {@code taew2_1.pth}. */
    TINY_AUTOENCODER(
            Network.TINY_AUTOENCODER,
            "taew2.1",
            "TAEW2.1 tiny video autoencoder",
            () -> TinyVideoAutoencoder.Config.taew2_1().parameterShapes());

    private final Network network;
    private final String model;
    private final String title;
    private final Supplier<Map<String, long[]>> shapes;

    PublishedNetwork(Network network, String model, String title, Supplier<Map<String, long[]>> shapes) {
        this.network = network;
        this.model = model;
        this.title = title;
        this.shapes = shapes;
    }

    /** Which network it is. */
    public Network network() {
        return network;
    }

    /** Its id on a {@link ModelCard}. */
    public String model() {
        return model;
    }

    /** Its name in words. */
    public String title() {
        return title;
    }

    /** Every parameter name with its shape. */
    public Map<String, long[]> parameterShapes() {
        return shapes.get();
    }
}
