package io.arvid.model.wan;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The tiny video autoencoder TAEHV (here {@code taew2_1}): 2D convolutions, each frame seeing the one before it, time halved twice on the way in and
 * doubled twice on the way out, space divided by eight. Frames are float {@code [B, T, 3, H, W]} in about [0, 1]; latents {@code [B, T/4, C, H/8, W/8]}
 * without mean and standard deviation. Parameter names as in the published file (Self-Forcing {@code demo_utils/taehv.py}).
 */
public final class TinyVideoAutoencoder {
    /** Latent frames shrink by this in time. */
    public static final int TIME_FACTOR = 4;
    /** Latents shrink by this in height and width. */
    public static final int SPACE_FACTOR = 8;

    private static final int MEMORY_BLOCKS = 3;

    /**
     * Widths of the network.
     *
     * @param encoderWidth channels in the encoder; 64 in the published one
     * @param decoderWidths channels of the four decoder stages; 256, 128, 64, 64 in the published one
     * @param latentChannels channels of a latent frame
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Config(
            @JsonProperty("encoder_width") int encoderWidth,
            @JsonProperty("decoder_widths") int[] decoderWidths,
            @JsonProperty("latent_channels") int latentChannels) {
        /** The published network. */
        public static Config taew2_1() {
            return new Config(64, new int[] {256, 128, 64, 64}, 16);
        }

        /** Every parameter name with its shape. */
        public Map<String, long[]> parameterShapes() {
            Map<String, long[]> shapes = new LinkedHashMap<>();
            convolution(shapes, "encoder.0", 3, encoderWidth, true);
            int layer = 2;
            for (int stage = 0; stage < 3; stage++) {
                int frames = stage < 2 ? 2 : 1;
                shapes.put(
                        "encoder." + layer++ + ".conv.weight",
                        new long[] {encoderWidth, (long) encoderWidth * frames, 1, 1});
                convolution(shapes, "encoder." + layer++, encoderWidth, encoderWidth, false);
                layer = memoryBlocks(shapes, "encoder.", layer, encoderWidth);
            }
            convolution(shapes, "encoder." + layer, encoderWidth, latentChannels, true);

            convolution(shapes, "decoder.1", latentChannels, decoderWidths[0], true);
            layer = 3;
            for (int stage = 0; stage < 3; stage++) {
                int width = decoderWidths[stage];
                int frames = stage == 0 ? 1 : 2;
                layer = memoryBlocks(shapes, "decoder.", layer, width) + 1;
                shapes.put("decoder." + layer++ + ".conv.weight", new long[] {(long) width * frames, width, 1, 1});
                convolution(shapes, "decoder." + layer++, width, decoderWidths[stage + 1], false);
            }
            convolution(shapes, "decoder." + (layer + 1), decoderWidths[3], 3, true);
            return shapes;
        }

        private static int memoryBlocks(Map<String, long[]> shapes, String prefix, int layer, int width) {
            for (int i = 0; i < MEMORY_BLOCKS; i++, layer++) {
                convolution(shapes, prefix + layer + ".conv.0", 2 * width, width, true);
                convolution(shapes, prefix + layer + ".conv.2", width, width, true);
                convolution(shapes, prefix + layer + ".conv.4", width, width, true);
            }
            return layer;
        }

        private static void convolution(Map<String, long[]> shapes, String name, int in, int out, boolean bias) {
            shapes.put(name + ".weight", new long[] {out, in, 3, 3});
            if (bias) {
                shapes.put(name + ".bias", new long[] {out});
            }
        }
    }

    private final Config config;
    private final WeightMap weights;

    /**
     * An autoencoder over {@code weights}, which must outlive it.
     *
     * @throws io.arvid.weights.CheckpointException naming every missing, unexpected or misshapen parameter
     */
    public TinyVideoAutoencoder(Config config, WeightMap weights) {
        weights.requireShapes("TAEHV autoencoder", config.parameterShapes());
        this.config = config;
        this.weights = weights;
    }

    /** Widths of this network. */
    public Config config() {
        return config;
    }

    /** Frames {@code [B, 4T, 3, H, W]} in [0, 1] to latents {@code [B, T, C, H/8, W/8]} in the type of the weights. */
    public Tensor encode(Tensor frames) {
        if (frames.size(1) % TIME_FACTOR != 0) {
            throw new IllegalArgumentException(frames.size(1) + " frames are not a multiple of " + TIME_FACTOR);
        }
        long batch = frames.size(0);
        Tensor typed = Ops.toTypeOf(frames, weights.get("encoder.0.weight"));
        Tensor x = convolve(joinClips(typed), "encoder.0", 1).relu();
        int layer = 2;
        for (int stage = 0; stage < 3; stage++) {
            x = poolTime(x, "encoder." + layer++);
            x = convolve(x, "encoder." + layer++, 2);
            for (int i = 0; i < MEMORY_BLOCKS; i++) {
                x = memoryBlock(x, batch, "encoder." + layer++, TinyVideoAutoencoder::previousFrames);
            }
        }
        return splitClips(convolve(x, "encoder." + layer, 1), batch);
    }

    /** Latents {@code [B, T, C, h, w]} to frames {@code [B, 4T, 3, 8h, 8w]} in about [0, 1]. */
    public Tensor decode(Tensor latents) {
        return decode(latents, TinyVideoAutoencoder::previousFrames);
    }

    /** A stream that decodes one clip piece by piece; the pieces together equal {@link #decode} of the whole. */
    public Decoding startDecoding() {
        return new Decoding();
    }

    /** One clip being decoded: the last frame of every memory block's input, whatever the clip's length. Not for use by two threads at once. */
    public final class Decoding implements AutoCloseable {
        private final Map<String, Tensor> lastFrames = new HashMap<>();

        private Decoding() {}

        /** The next latent frames {@code [1, T, C, h, w]} to frames {@code [1, 4T, 3, 8h, 8w]} in about [0, 1]. */
        public Tensor decode(Tensor latents) {
            if (latents.size(0) != 1) {
                throw new IllegalArgumentException("a stream decodes one clip, not " + latents.size(0));
            }
            return Torch.withoutGradients(
                    () -> TensorScope.run(() -> TinyVideoAutoencoder.this.decode(latents, this::previousFrames)));
        }

        private Tensor previousFrames(Tensor x, long batch, String block) {
            long frames = x.size(0);
            Tensor before = lastFrames.get(block);
            Tensor first = before == null ? Ops.mul(Ops.slice(x, 0, 0, 1), 0) : before;
            Tensor shifted = frames == 1 ? Ops.copy(first) : Ops.cat(0, first, Ops.slice(x, 0, 0, frames - 1));
            Tensor last = TensorScope.own(Ops.copy(Ops.slice(x, 0, frames - 1, frames)));
            lastFrames.put(block, last);
            if (before != null) {
                before.close();
            }
            return shifted;
        }

        @Override
        public void close() {
            lastFrames.values().forEach(Tensor::close);
            lastFrames.clear();
        }
    }

    /** What each memory block sees beside the frames {@code x [B · T, C, h, w]}: the frame before each of them. */
    @FunctionalInterface
    private interface Memory {
        Tensor previousFrames(Tensor x, long batch, String block);
    }

    private Tensor decode(Tensor latents, Memory memory) {
        long batch = latents.size(0);
        Tensor clamped = Ops.mul(Ops.div(latents, 3).tanh(), 3);
        Tensor x = convolve(joinClips(clamped), "decoder.1", 1).relu();
        int layer = 3;
        for (int stage = 0; stage < 3; stage++) {
            for (int i = 0; i < MEMORY_BLOCKS; i++) {
                x = memoryBlock(x, batch, "decoder." + layer++, memory);
            }
            x = Ops.upsampleNearest(growTime(x, "decoder." + ++layer), 2);
            x = convolve(x, "decoder." + ++layer, 1);
            layer++;
        }
        return splitClips(convolve(x.relu(), "decoder." + (layer + 1), 1), batch);
    }

    /** {@code relu(conv(cat(x, previous frame)) + x)}; the frame before the first of a clip is zero. */
    private Tensor memoryBlock(Tensor x, long batch, String name, Memory memory) {
        Tensor hidden = Ops.cat(1, x, memory.previousFrames(x, batch, name));
        hidden = convolve(hidden, name + ".conv.0", 1).relu();
        hidden = convolve(hidden, name + ".conv.2", 1).relu();
        return convolve(hidden, name + ".conv.4", 1).add(x).relu();
    }

    private static Tensor previousFrames(Tensor x, long batch, String block) {
        long frames = x.size(0);
        Tensor zero = Ops.mul(Ops.slice(x, 0, 0, 1), 0);
        Tensor shifted = frames == 1 ? zero : Ops.cat(0, zero, Ops.slice(x, 0, 0, frames - 1));
        if (batch == 1) {
            return shifted;
        }
        Tensor notFirst = Tensors.ones(DTypes.of(x), batch, frames / batch);
        notFirst.select(1, 0).zero_();
        return shifted.mul(notFirst.view(frames, 1, 1, 1));
    }

    /** Joins neighbouring frames into one: as many as the 1×1 kernel takes. */
    private Tensor poolTime(Tensor x, String name) {
        Tensor kernel = weights.get(name + ".conv.weight");
        int joined = Math.toIntExact(kernel.size(1) / x.size(1));
        Tensor[] parts = new Tensor[joined];
        for (int i = 0; i < joined; i++) {
            parts[i] = Ops.everyNth(x, 0, i, joined);
        }
        return Ops.conv2d(joined == 1 ? x : Ops.cat(1, parts), kernel, null, 1, 0);
    }

    /** Splits every frame into as many as the 1×1 kernel makes. Done before the upsampling, with which it commutes, at a quarter of the cost. */
    private Tensor growTime(Tensor x, String name) {
        Tensor grown = Ops.conv2d(x, weights.get(name + ".conv.weight"), null, 1, 0);
        if (grown.size(1) == x.size(1)) {
            return grown;
        }
        return Ops.channelsLast(grown.reshape(-1, x.size(1), grown.size(2), grown.size(3)));
    }

    private Tensor convolve(Tensor x, String name, int stride) {
        String bias = name + ".bias";
        return Ops.conv2d(x, weights.get(name + ".weight"), weights.has(bias) ? weights.get(bias) : null, stride, 1);
    }

    /** Clips {@code [B, T, C, H, W]} as one row of frames, channels innermost in memory: the layout in which 2D convolutions are fastest. */
    private static Tensor joinClips(Tensor clips) {
        return Ops.channelsLast(clips.reshape(-1, clips.size(2), clips.size(3), clips.size(4)));
    }

    private static Tensor splitClips(Tensor x, long batch) {
        return x.contiguous().reshape(batch, x.size(0) / batch, x.size(1), x.size(2), x.size(3));
    }
}
