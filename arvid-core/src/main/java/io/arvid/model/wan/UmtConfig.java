package io.arvid.model.wan;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sizes of an umT5 encoder.
 *
 * @param vocab token ids
 * @param dim width of the residual stream, and of the states that come out
 * @param dimAttn width of all attention heads together
 * @param dimFfn width inside the feed-forward layers
 * @param numHeads attention heads; the head dimension is dimAttn / numHeads
 * @param numLayers blocks
 * @param numBuckets buckets of the relative position bias
 * @param sharedPos one table of position biases for all blocks (T5) instead of one a block (umT5)
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record UmtConfig(
        @JsonProperty("vocab") int vocab,
        @JsonProperty("dim") int dim,
        @JsonProperty("dim_attn") int dimAttn,
        @JsonProperty("dim_ffn") int dimFfn,
        @JsonProperty("num_heads") int numHeads,
        @JsonProperty("num_layers") int numLayers,
        @JsonProperty("num_buckets") int numBuckets,
        @JsonProperty("shared_pos") boolean sharedPos) {
    /** Checks that the sizes fit together. */
    public UmtConfig {
        if (vocab < 1 || dim < 1 || dimFfn < 1 || numLayers < 1) {
            throw new IllegalArgumentException(
                    "an umT5 encoder needs vocab, dim, dim_ffn and num_layers of at least 1");
        }
        if (numHeads < 1 || dimAttn < 1 || dimAttn % numHeads != 0) {
            throw new IllegalArgumentException("dim_attn " + dimAttn + " does not split into " + numHeads + " heads");
        }
        if (numBuckets < 4 || numBuckets % 4 != 0) {
            throw new IllegalArgumentException("num_buckets " + numBuckets + " is not a multiple of 4");
        }
    }

    /** The umT5-XXL encoder that Wan 2.1 uses. */
    public static UmtConfig xxl() {
        return new UmtConfig(256384, 4096, 4096, 10240, 64, 24, 32, false);
    }

    /** Name of the table of position biases that {@code block} uses. */
    String positionTable(int block) {
        return (sharedPos ? "" : "blocks." + block + ".") + "pos_embedding.embedding.weight";
    }

    /** Every parameter name with its shape, as in the checkpoints. */
    public Map<String, long[]> parameterShapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("token_embedding.weight", new long[] {vocab, dim});
        for (int block = 0; block < numLayers; block++) {
            String prefix = "blocks." + block + ".";
            shapes.put(prefix + "norm1.weight", new long[] {dim});
            for (String projection : List.of("q", "k", "v")) {
                shapes.put(prefix + "attn." + projection + ".weight", new long[] {dimAttn, dim});
            }
            shapes.put(prefix + "attn.o.weight", new long[] {dim, dimAttn});
            shapes.put(prefix + "norm2.weight", new long[] {dim});
            shapes.put(prefix + "ffn.gate.0.weight", new long[] {dimFfn, dim});
            shapes.put(prefix + "ffn.fc1.weight", new long[] {dimFfn, dim});
            shapes.put(prefix + "ffn.fc2.weight", new long[] {dim, dimFfn});
            shapes.put(positionTable(block), new long[] {numBuckets, numHeads});
        }
        shapes.put("norm.weight", new long[] {dim});
        return shapes;
    }
}
