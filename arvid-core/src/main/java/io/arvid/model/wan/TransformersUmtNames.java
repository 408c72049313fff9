package io.arvid.model.wan;

import java.util.Collection;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parameter names of the umT5 encoder in the layout of transformers ({@code UMT5EncoderModel}), as pipelines of diffusers hold it. */
final class TransformersUmtNames {
    private static final Map<String, String> OUTER = Map.of(
            "shared.weight", "token_embedding.weight",
            "encoder.final_layer_norm.weight", "norm.weight");

    private static final Map<String, String> IN_BLOCK = Map.of(
            "0.SelfAttention.q", "attn.q",
            "0.SelfAttention.k", "attn.k",
            "0.SelfAttention.v", "attn.v",
            "0.SelfAttention.o", "attn.o",
            "0.SelfAttention.relative_attention_bias", "pos_embedding.embedding",
            "0.layer_norm", "norm1",
            "1.DenseReluDense.wi_0", "ffn.gate.0",
            "1.DenseReluDense.wi_1", "ffn.fc1",
            "1.DenseReluDense.wo", "ffn.fc2",
            "1.layer_norm", "norm2");

    private static final Pattern BLOCK = Pattern.compile("encoder\\.block\\.(\\d+)\\.layer\\.(.+)\\.weight");

    private TransformersUmtNames() {}

    /** True where {@code names} are those of this layout. */
    static boolean areIn(Collection<String> names) {
        return names.stream().anyMatch(name -> name.startsWith("encoder.block.") && name.contains(".SelfAttention."));
    }

    /** The original name of a parameter that is called {@code name} here; a name that is not in the layout stays as it is. */
    static String toOriginal(String name) {
        Matcher block = BLOCK.matcher(name);
        String inside = block.matches() ? IN_BLOCK.get(block.group(2)) : null;
        return inside == null ? OUTER.getOrDefault(name, name) : "blocks." + block.group(1) + "." + inside + ".weight";
    }
}
