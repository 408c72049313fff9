package io.arvid.model.wan;

import java.util.HashMap;
import java.util.Map;

/**
 * Parameter names of the Wan transformer in the diffusers layout (diffusers {@code scripts/convert_wan_to_diffusers.py}, {@code
 * WanTransformer3DModel}) and in the original one, both ways. The tensors themselves are the same.
 *
 * <p>Mind the norms: the original counts norm1, norm3, norm2 in the order of use, diffusers norm1, norm2, norm3, so that the one with parameters is
 * called norm3 in the original and norm2 in diffusers.
 */
public final class DiffusersNames {
    private static final Map<String, String> OUTER = Map.ofEntries(
            Map.entry("patch_embedding", "patch_embedding"),
            Map.entry("time_embedding.0", "condition_embedder.time_embedder.linear_1"),
            Map.entry("time_embedding.2", "condition_embedder.time_embedder.linear_2"),
            Map.entry("time_projection.1", "condition_embedder.time_proj"),
            Map.entry("text_embedding.0", "condition_embedder.text_embedder.linear_1"),
            Map.entry("text_embedding.2", "condition_embedder.text_embedder.linear_2"),
            Map.entry("head.head", "proj_out"),
            Map.entry("head.modulation", "scale_shift_table"));

    private static final Map<String, String> IN_BLOCK = Map.ofEntries(
            Map.entry("modulation", "scale_shift_table"),
            Map.entry("self_attn.q", "attn1.to_q"),
            Map.entry("self_attn.k", "attn1.to_k"),
            Map.entry("self_attn.v", "attn1.to_v"),
            Map.entry("self_attn.o", "attn1.to_out.0"),
            Map.entry("self_attn.norm_q", "attn1.norm_q"),
            Map.entry("self_attn.norm_k", "attn1.norm_k"),
            Map.entry("norm3", "norm2"),
            Map.entry("cross_attn.q", "attn2.to_q"),
            Map.entry("cross_attn.k", "attn2.to_k"),
            Map.entry("cross_attn.v", "attn2.to_v"),
            Map.entry("cross_attn.o", "attn2.to_out.0"),
            Map.entry("cross_attn.norm_q", "attn2.norm_q"),
            Map.entry("cross_attn.norm_k", "attn2.norm_k"),
            Map.entry("ffn.0", "ffn.net.0.proj"),
            Map.entry("ffn.2", "ffn.net.2"));

    private static final Map<String, String> OUTER_BACK = inverse(OUTER);
    private static final Map<String, String> IN_BLOCK_BACK = inverse(IN_BLOCK);

    private DiffusersNames() {}

    /** True where {@code names} are those of the diffusers layout. */
    public static boolean isDiffusers(Iterable<String> names) {
        for (String name : names) {
            if (name.startsWith("condition_embedder.") || name.contains(".attn1.to_q.")) {
                return true;
            }
        }
        return false;
    }

    /** The diffusers name of a parameter with the original name {@code name}; a name that is not in the layout stays as it is. */
    public static String toDiffusers(String name) {
        return translate(name, OUTER, IN_BLOCK);
    }

    /** The original name of a parameter with the diffusers name {@code name}; a name that is not in the layout stays as it is. */
    public static String toOriginal(String name) {
        return translate(name, OUTER_BACK, IN_BLOCK_BACK);
    }

    private static String translate(String name, Map<String, String> outer, Map<String, String> inBlock) {
        String kind = name.endsWith(".weight") ? ".weight" : name.endsWith(".bias") ? ".bias" : "";
        String module = name.substring(0, name.length() - kind.length());
        if (!module.startsWith("blocks.")) {
            return outer.getOrDefault(module, module) + kind;
        }
        int inside = module.indexOf('.', "blocks.".length()) + 1;
        String suffix = module.substring(inside);
        return module.substring(0, inside) + inBlock.getOrDefault(suffix, suffix) + kind;
    }

    private static Map<String, String> inverse(Map<String, String> map) {
        Map<String, String> inverse = new HashMap<>();
        map.forEach((from, to) -> inverse.put(to, from));
        return Map.copyOf(inverse);
    }
}
