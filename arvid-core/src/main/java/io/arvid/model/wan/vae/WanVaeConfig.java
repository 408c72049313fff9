package io.arvid.model.wan.vae;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sizes of a Wan video autoencoder, and the layers that follow from them.
 *
 * @param dim channels at full resolution
 * @param zDim latent channels
 * @param dimMult channels of each level, from full resolution down, as multiples of dim
 * @param numResBlocks residual blocks a level in the encoder; the decoder has one more
 * @param attnScales scales with attention of their own; must be empty, as in every published model
 * @param temporalDownsample for each step between levels, from full resolution down, whether time is halved as well; two steps at most
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record WanVaeConfig(
        @JsonProperty("dim") int dim,
        @JsonProperty("z_dim") int zDim,
        @JsonProperty("dim_mult") List<Integer> dimMult,
        @JsonProperty("num_res_blocks") int numResBlocks,
        @JsonProperty("attn_scales") List<Double> attnScales,
        @JsonProperty("temperal_downsample") List<Boolean> temporalDownsample) {
    private static final int RGB = 3;

    /** Checks that the sizes fit together. */
    public WanVaeConfig {
        dimMult = List.copyOf(dimMult);
        attnScales = List.copyOf(attnScales);
        temporalDownsample = List.copyOf(temporalDownsample);
        if (dim < 1
                || zDim < 1
                || numResBlocks < 1
                || dimMult.size() < 2
                || dimMult.stream().anyMatch(m -> m < 1)) {
            throw new IllegalArgumentException(
                    "a Wan VAE needs dim, z_dim and num_res_blocks of at least 1 and two levels or more in dim_mult");
        }
        if (temporalDownsample.size() != dimMult.size() - 1) {
            throw new IllegalArgumentException("temperal_downsample has " + temporalDownsample.size()
                    + " entries; dim_mult of " + dimMult.size() + " levels needs " + (dimMult.size() - 1));
        }
        if (temporalDownsample.stream().filter(halves -> halves).count() > 2) {
            throw new IllegalArgumentException(
                    "temperal_downsample halves time more than twice; encoding goes by 4 frames a latent frame");
        }
        if (!attnScales.isEmpty()) {
            throw new IllegalArgumentException(
                    "attn_scales " + attnScales + " is not supported: no Wan VAE has attention between its levels");
        }
    }

    /** The autoencoder of Wan 2.1. */
    public static WanVaeConfig wan2_1() {
        return new WanVaeConfig(96, 16, List.of(1, 2, 4, 4), 2, List.of(), List.of(false, true, true));
    }

    /** How often height and width are halved, as a factor: 8 for Wan 2.1. */
    public int spaceFactor() {
        return 1 << (dimMult.size() - 1);
    }

    /** Every parameter name with its shape, as in the checkpoint. */
    public Map<String, long[]> parameterShapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        encoder().forEach(layer -> layer.addParameters(shapes));
        moments().addParameters(shapes);
        latentConv().addParameters(shapes);
        decoder().forEach(layer -> layer.addParameters(shapes));
        return shapes;
    }

    /** From pixels to means and log variances. */
    List<VaeLayer> encoder() {
        List<VaeLayer> layers = new ArrayList<>();
        layers.add(new CausalConv("encoder.conv1", RGB, dim, 3, 3));
        int in = dim;
        int index = 0;
        for (int level = 0; level < dimMult.size(); level++) {
            int out = width(level);
            for (int i = 0; i < numResBlocks; i++) {
                layers.add(new ResidualBlock("encoder.downsamples." + index++, in, out));
                in = out;
            }
            if (level < temporalDownsample.size()) {
                layers.add(new Downsample("encoder.downsamples." + index++, out, temporalDownsample.get(level)));
            }
        }
        addMiddle(layers, "encoder", in);
        layers.add(new OutputHead("encoder.head", in, 2 * zDim));
        return layers;
    }

    /** The 1×1×1 convolution after the encoder: {@code 2 · zDim} channels, means first. */
    CausalConv moments() {
        return new CausalConv("conv1", 2 * zDim, 2 * zDim, 1, 1);
    }

    /** The 1×1×1 convolution before the decoder. */
    CausalConv latentConv() {
        return new CausalConv("conv2", zDim, zDim, 1, 1);
    }

    /** From latents to pixels. */
    List<VaeLayer> decoder() {
        List<VaeLayer> layers = new ArrayList<>();
        int in = width(dimMult.size() - 1);
        layers.add(new CausalConv("decoder.conv1", zDim, in, 3, 3));
        addMiddle(layers, "decoder", in);
        int index = 0;
        for (int level = dimMult.size() - 1; level >= 0; level--) {
            int out = width(level);
            for (int i = 0; i < numResBlocks + 1; i++) {
                layers.add(new ResidualBlock("decoder.upsamples." + index++, in, out));
                in = out;
            }
            if (level > 0) {
                layers.add(new Upsample("decoder.upsamples." + index++, out, temporalDownsample.get(level - 1)));
                in = out / 2;
            }
        }
        layers.add(new OutputHead("decoder.head", in, RGB));
        return layers;
    }

    private static void addMiddle(List<VaeLayer> layers, String part, int width) {
        layers.add(new ResidualBlock(part + ".middle.0", width, width));
        layers.add(new FrameAttention(part + ".middle.1", width));
        layers.add(new ResidualBlock(part + ".middle.2", width, width));
    }

    private int width(int level) {
        return dim * dimMult.get(level);
    }
}
