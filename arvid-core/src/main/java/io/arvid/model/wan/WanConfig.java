package io.arvid.model.wan;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteRole;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sizes of a Wan transformer, with the names of its {@code config.json}.
 *
 * @param dim width of the residual stream
 * @param ffnDim width inside the feed-forward layers
 * @param numHeads attention heads; the head dimension is dim / numHeads
 * @param numLayers transformer blocks
 * @param freqDim size of the sinusoidal time embedding
 * @param textDim width of the text encoder's states
 * @param textLen text positions; shorter prompts are padded with zero rows
 * @param inDim latent channels in
 * @param outDim latent channels out
 * @param patchSize (time, height, width) of a patch; time must be 1
 * @param eps epsilon of all norms
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record WanConfig(
        @JsonProperty("dim") int dim,
        @JsonProperty("ffn_dim") int ffnDim,
        @JsonProperty("num_heads") int numHeads,
        @JsonProperty("num_layers") int numLayers,
        @JsonProperty("freq_dim") int freqDim,
        @JsonProperty("text_dim") int textDim,
        @JsonProperty("text_len") int textLen,
        @JsonProperty("in_dim") int inDim,
        @JsonProperty("out_dim") int outDim,
        @JsonProperty("patch_size") int[] patchSize,
        @JsonProperty("eps") double eps) {
    /** Checks that the sizes fit together. */
    public WanConfig {
        if (patchSize.length != 3 || patchSize[0] != 1) {
            throw new IllegalArgumentException("patch_size must be (1, height, width)");
        }
        if (numHeads < 1 || dim % numHeads != 0 || (dim / numHeads) % 2 != 0) {
            throw new IllegalArgumentException(
                    "dim " + dim + " does not split into " + numHeads + " heads of even size");
        }
    }

    @Override
    public String toString() {
        return "WanConfig[" + dim + " wide, ffn " + ffnDim + ", " + numHeads + " heads, " + numLayers + " layers, freq "
                + freqDim + ", text " + textDim + "x" + textLen + ", " + inDim + " to " + outDim + " channels, patch "
                + java.util.Arrays.toString(patchSize) + ", eps " + eps + "]";
    }

    /** Wan2.1-T2V-1.3B and the causal models made from it. */
    public static WanConfig wan1_3B() {
        return new WanConfig(1536, 8960, 12, 30, 256, 4096, 512, 16, 16, new int[] {1, 2, 2}, 1e-6);
    }

    /** Wan2.1-T2V-14B. */
    public static WanConfig wan14B() {
        return new WanConfig(5120, 13824, 40, 40, 256, 4096, 512, 16, 16, new int[] {1, 2, 2}, 1e-6);
    }

    /** The same sizes with another number of blocks. */
    public WanConfig withLayers(int layers) {
        return new WanConfig(dim, ffnDim, numHeads, layers, freqDim, textDim, textLen, inDim, outDim, patchSize, eps);
    }

    /** Channels of one attention head. */
    public int headDim() {
        return dim / numHeads;
    }

    /** Tokens of one latent frame of {@code height × width}. */
    public int tokensPerFrame(long height, long width) {
        if (height % patchSize[1] != 0 || width % patchSize[2] != 0) {
            throw new IllegalArgumentException("latent " + height + "×" + width + " does not split into patches of "
                    + patchSize[1] + "×" + patchSize[2]);
        }
        return Math.toIntExact(height / patchSize[1] * (width / patchSize[2]));
    }

    /** All linear layers in forward order. */
    public List<LinearSite> sites() {
        List<LinearSite> sites = new ArrayList<>();
        sites.add(LinearSite.of(SiteRole.TIME_UP, -1, freqDim, dim));
        sites.add(LinearSite.of(SiteRole.TIME_DOWN, -1, dim, dim));
        sites.add(LinearSite.of(SiteRole.TIME_PROJECTION, -1, dim, 6 * dim));
        sites.add(LinearSite.of(SiteRole.TEXT_UP, -1, textDim, dim));
        sites.add(LinearSite.of(SiteRole.TEXT_DOWN, -1, dim, dim));
        for (int block = 0; block < numLayers; block++) {
            for (SiteRole role : SiteRole.values()) {
                if (role.isInBlock()) {
                    int in = role == SiteRole.FFN_DOWN ? ffnDim : dim;
                    int out = role == SiteRole.FFN_UP ? ffnDim : dim;
                    sites.add(LinearSite.of(role, block, in, out));
                }
            }
        }
        sites.add(LinearSite.of(SiteRole.HEAD, -1, dim, patchSize[1] * patchSize[2] * outDim));
        return List.copyOf(sites);
    }

    /** Every parameter name with its shape, as in the checkpoints. */
    public Map<String, long[]> parameterShapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("patch_embedding.weight", new long[] {dim, inDim, 1, patchSize[1], patchSize[2]});
        shapes.put("patch_embedding.bias", new long[] {dim});
        for (LinearSite site : sites()) {
            shapes.put(site.name() + ".weight", new long[] {site.outFeatures(), site.inFeatures()});
            shapes.put(site.name() + ".bias", new long[] {site.outFeatures()});
        }
        for (int block = 0; block < numLayers; block++) {
            String prefix = "blocks." + block + ".";
            shapes.put(prefix + "modulation", new long[] {1, 6, dim});
            for (String norm : List.of(
                    "self_attn.norm_q", "self_attn.norm_k", "cross_attn.norm_q", "cross_attn.norm_k", "norm3")) {
                shapes.put(prefix + norm + ".weight", new long[] {dim});
            }
            shapes.put(prefix + "norm3.bias", new long[] {dim});
        }
        shapes.put("head.modulation", new long[] {1, 2, dim});
        return shapes;
    }
}
