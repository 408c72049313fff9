package io.arvid.model.wan.vae;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The video autoencoder of Wan 2.1: 3D convolutions that look back in time only, so that a clip of {@code 1 + 4k} frames becomes {@code 1 + k} latent
 * frames one after the other, and back (Wan2.1 {@code wan/modules/vae.py} WanVAE_, Self-Forcing {@code utils/wan_wrapper.py} WanVAEWrapper).
 *
 * <p>Pixels are {@code [B, T, 3, H, W]} in [−1, 1], latents {@code [B, F, C, H/8, W/8]}, normalized. It computes in the type of its weights, without
 * gradients; float32 is the fastest type on processors without bfloat16 instructions.
 */
public final class WanVae {
    /** Frames that make one latent frame, after the first, which makes one alone. */
    public static final int FRAMES_PER_LATENT = 4;

    private final WanVaeConfig config;
    private final LatentStatistics statistics;
    private final WeightMap weights;
    private final LayerStack encoder;
    private final LayerStack decoder;

    /**
     * An autoencoder over {@code weights}, which must outlive it.
     *
     * @throws io.arvid.weights.CheckpointException naming every missing, unexpected or misshapen parameter
     */
    public WanVae(WanVaeConfig config, LatentStatistics statistics, WeightMap weights) {
        weights.requireShapes("Wan VAE", config.parameterShapes());
        if (statistics.mean().size() != config.zDim()) {
            throw new IllegalArgumentException("latent statistics of "
                    + statistics.mean().size() + " channels for a Wan VAE with z_dim " + config.zDim());
        }
        this.config = config;
        this.statistics = statistics;
        this.weights = weights;
        this.encoder = LayerStack.encoder(config.encoder(), weights);
        this.decoder = LayerStack.decoder(config.decoder(), weights);
    }

    /** Sizes of this autoencoder. */
    public WanVaeConfig config() {
        return config;
    }

    /** The parameters. */
    public WeightMap weights() {
        return weights;
    }

    /**
     * The most likely latents of a clip.
     *
     * @param pixels {@code [B, T, 3, H, W]} in [−1, 1]; frames after the last full group of {@code 1 + 4k} are left out
     * @return float32 {@code [B, 1 + (T − 1) / 4, C, H/8, W/8]}
     */
    public Tensor encode(Tensor pixels) {
        return TensorScope.run(() -> {
            Tensor means = Ops.slice(moments(pixels, LayerListener.NONE), 1, 0, config.zDim());
            Tensor latents = statistics.normalizeLast(means.permute(0, 2, 3, 4, 1), pixels);
            return Ops.toF32(latents).permute(0, 1, 4, 2, 3).contiguous();
        });
    }

    /**
     * What the encoder says of a clip: means, then log variances.
     *
     * @param pixels as {@link #encode} takes them
     * @return {@code [B, 2C, 1 + (T − 1) / 4, H/8, W/8]} in the type of the weights
     */
    public Tensor moments(Tensor pixels, LayerListener listener) {
        requirePixels(pixels);
        return Torch.withoutGradients(() -> TensorScope.run(() -> {
            Tensor typed = channelsLast(pixels);
            List<Tensor> encoded = new ArrayList<>();
            try (FrameHistory history = new FrameHistory()) {
                long end;
                for (long start = 0; start < typed.size(1); start = end) {
                    end = start == 0 ? 1 : start + FRAMES_PER_LATENT;
                    if (end <= typed.size(1)) {
                        encoded.add(encoder.apply(Ops.slice(typed, 1, start, end), history, listener));
                    }
                }
                return config.moments()
                        .apply(Ops.cat(1, encoded), weights, history)
                        .permute(0, 4, 1, 2, 3)
                        .contiguous();
            }
        }));
    }

    /** Latents {@code [B, F, C, h, w]} to pixels: float32 {@code [B, 1 + 4(F − 1), 3, 8h, 8w]}, clamped to [−1, 1]. */
    public Tensor decode(Tensor latents) {
        try (Decoding stream = startDecoding()) {
            return stream.decode(latents);
        }
    }

    /** A stream that decodes one clip piece by piece; the pieces together equal {@link #decode} of the whole. */
    public Decoding startDecoding() {
        return startDecoding(LayerListener.NONE);
    }

    /** As {@link #startDecoding()}, with {@code listener} seeing every layer's output. */
    public Decoding startDecoding(LayerListener listener) {
        return new Decoding(listener);
    }

    /** One clip being decoded: a few frames of every layer's input, whatever the clip's length. Not for use by two threads at once. */
    public final class Decoding implements AutoCloseable {
        private final LayerListener listener;
        private final FrameHistory history = new FrameHistory();
        private long[] expected = {};

        private Decoding(LayerListener listener) {
            this.listener = listener;
        }

        /** The next latent frames {@code [B, F, C, h, w]}, at least one, to their pixels {@code [B, T, 3, 8h, 8w]}: the first makes one, others four. */
        public Tensor decode(Tensor latents) {
            return TensorScope.run(() -> Ops.clamp(decodeUnclamped(latents), -1, 1));
        }

        /** As {@link #decode}, before values are clamped to [−1, 1]. */
        public Tensor decodeUnclamped(Tensor latents) {
            requireLatents(latents);
            return Torch.withoutGradients(() -> TensorScope.run(() -> {
                Tensor z = channelsLast(statistics
                        .denormalizeLast(latents.permute(0, 1, 3, 4, 2))
                        .permute(0, 1, 4, 2, 3));
                Tensor x = config.latentConv().apply(z, weights, history);
                List<Tensor> pixels = new ArrayList<>();
                for (long frame = 0; frame < x.size(1); frame++) {
                    pixels.add(decoder.apply(Ops.slice(x, 1, frame, frame + 1), history, listener));
                }
                return Ops.toF32(Ops.cat(1, pixels)).permute(0, 1, 4, 2, 3).contiguous();
            }));
        }

        private void requireLatents(Tensor latents) {
            long[] shape = Tensors.shape(latents);
            if (shape.length != 5 || latents.numel() == 0 || shape[2] != config.zDim()) {
                throw new IllegalArgumentException("latents " + Arrays.toString(shape) + " are not [clips, frames, "
                        + config.zDim() + ", height, width]");
            }
            long[] frame = {shape[0], shape[3], shape[4]};
            if (expected.length > 0 && !Arrays.equals(expected, frame)) {
                throw new IllegalArgumentException("latents " + Arrays.toString(shape)
                        + " do not continue a stream of " + expected[0] + " clips of " + expected[1] + "×"
                        + expected[2]);
            }
            expected = frame;
        }

        @Override
        public void close() {
            history.close();
        }
    }

    /** {@code [B, T, C, H, W]} as {@code [B, T, H, W, C]} in the type of the weights. */
    private Tensor channelsLast(Tensor x) {
        return Ops.toTypeOf(x, weights.get("conv1.weight"))
                .permute(0, 1, 3, 4, 2)
                .contiguous();
    }

    private void requirePixels(Tensor pixels) {
        long[] shape = Tensors.shape(pixels);
        if (shape.length != 5 || pixels.numel() == 0 || shape[2] != 3) {
            throw new IllegalArgumentException(
                    "pixels " + Arrays.toString(shape) + " are not [clips, frames, 3, height, width]");
        }
        int factor = config.spaceFactor();
        if (shape[3] < factor || shape[4] < factor) {
            throw new IllegalArgumentException("pixels of " + shape[3] + "×" + shape[4]
                    + " are smaller than one latent: " + factor + "×" + factor);
        }
    }
}
