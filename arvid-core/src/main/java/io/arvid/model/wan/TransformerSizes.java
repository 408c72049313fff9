package io.arvid.model.wan;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sizes of a Wan transformer from the shapes of its parameters. What shapes do not say (heads, text length, epsilon) comes from a {@code
 * config.json} of the same sizes beside the file, or from the published models, whose heads have 128 channels.
 */
final class TransformerSizes {
    private static final int PUBLISHED_HEAD_DIM = 128;
    private static final Pattern BLOCK = Pattern.compile("blocks\\.(\\d{1,4})\\.(.*)");
    private static final Pattern IN_BLOCK = Pattern.compile("(self_attn|cross_attn|ffn\\.[02]|norm3).*|modulation");
    private static final List<String> OUTSIDE =
            List.of("patch_embedding.", "text_embedding.", "time_embedding.", "time_projection.", "head.");

    private TransformerSizes() {}

    /** Share of {@code names} that a Wan transformer has. */
    static double share(Collection<String> names) {
        long known = names.stream()
                .filter(name -> {
                    Matcher block = BLOCK.matcher(name);
                    return block.matches()
                            ? IN_BLOCK.matcher(block.group(2)).matches()
                            : OUTSIDE.stream().anyMatch(name::startsWith);
                })
                .count();
        return names.isEmpty() ? 0 : (double) known / names.size();
    }

    /**
     * {@code config} where it may be of a transformer of these shapes; null where the width or the number of blocks that it says is another's, as in the
     * folder of a text encoder.
     */
    static @Nullable JsonNode own(Map<String, long[]> shapes, @Nullable JsonNode config) {
        if (config == null) {
            return null;
        }
        int dim = dim(shapes);
        int headDim = config.path("attention_head_dim").asInt();
        boolean isOwn = Stream.of("dim", "hidden_size", "d_model").allMatch(key -> agrees(config, key, dim))
                && Stream.of("num_layers", "num_hidden_layers").allMatch(key -> agrees(config, key, layers(shapes)))
                && (headDim == 0 || headDim * said(config) == dim);
        return isOwn ? config : null;
    }

    private static boolean agrees(JsonNode config, String key, int size) {
        return config.path(key).asInt(size) == size;
    }

    /** The configuration that the parameters {@code shapes} belong to; sizes that do not show are those of Wan2.1. */
    static WanConfig infer(Map<String, long[]> shapes, @Nullable JsonNode config) {
        WanConfig published = WanConfig.wan1_3B();
        int dim = dim(shapes);
        long[] patch = shapes.getOrDefault("patch_embedding.weight", new long[] {dim, published.inDim(), 1, 2, 2});
        boolean flatPatch = patch.length != 5 || patch[2] != 1;
        int patchHeight = flatPatch ? 2 : (int) patch[3];
        int patchWidth = flatPatch ? 2 : (int) patch[4];
        int headRows = size(shapes, "head.head.weight", 0, patchHeight * patchWidth * published.outDim());
        return new WanConfig(
                dim,
                ffnDim(shapes, dim),
                heads(dim, config),
                layers(shapes),
                size(shapes, "time_embedding.0.weight", 1, published.freqDim()),
                size(shapes, "text_embedding.0.weight", 1, published.textDim()),
                config == null ? published.textLen() : config.path("text_len").asInt(published.textLen()),
                flatPatch ? published.inDim() : (int) patch[1],
                headRows / (patchHeight * patchWidth),
                new int[] {1, patchHeight, patchWidth},
                config == null ? published.eps() : config.path("eps").asDouble(published.eps()));
    }

    /** True where the number of heads is known: said by {@code config}, or 128 channels each as in the published models. */
    static boolean knowsHeads(WanConfig sizes, @Nullable JsonNode config) {
        return heads(sizes.dim(), config) == said(config) || sizes.dim() % PUBLISHED_HEAD_DIM == 0;
    }

    /** Id of the published text-to-video model with these sizes; empty where there is none. */
    static String model(WanConfig config, Collection<String> names) {
        if (hasImageBranch(names)) {
            return "";
        }
        return sameSizes(config, WanConfig.wan1_3B())
                ? "wan2.1-t2v-1.3b"
                : sameSizes(config, WanConfig.wan14B()) ? "wan2.1-t2v-14b" : "";
    }

    /** Name of the published model with these sizes, or the sizes. */
    static String title(WanConfig config, Collection<String> names) {
        if (hasImageBranch(names)) {
            return "Wan2.1 image-to-video transformer (its image branch is not supported)";
        }
        return switch (model(config, names)) {
            case "wan2.1-t2v-1.3b" -> "Wan2.1-T2V-1.3B transformer";
            case "wan2.1-t2v-14b" -> "Wan2.1-T2V-14B transformer";
            default ->
                "Wan transformer of " + config.numLayers() + " blocks, width " + config.dim() + ", ffn "
                        + config.ffnDim();
        };
    }

    private static boolean hasImageBranch(Collection<String> names) {
        return names.stream().anyMatch(name -> name.startsWith("img_emb.") || name.contains(".k_img."));
    }

    private static boolean sameSizes(WanConfig a, WanConfig b) {
        return a.dim() == b.dim()
                && a.ffnDim() == b.ffnDim()
                && a.numHeads() == b.numHeads()
                && a.numLayers() == b.numLayers()
                && a.inDim() == b.inDim()
                && a.textDim() == b.textDim();
    }

    private static int dim(Map<String, long[]> shapes) {
        for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
            boolean modulation = entry.getKey().endsWith("modulation");
            if (modulation || entry.getKey().endsWith("_attn.q.weight")) {
                return size(entry, entry.getValue().length - 1);
            }
        }
        return size(shapes, "patch_embedding.weight", 0, WanConfig.wan1_3B().dim());
    }

    private static int ffnDim(Map<String, long[]> shapes, int dim) {
        return shapes.entrySet().stream()
                .filter(entry -> entry.getKey().endsWith(".ffn.0.weight"))
                .mapToInt(entry -> size(entry, 0))
                .findFirst()
                .orElse(
                        dim == WanConfig.wan14B().dim()
                                ? WanConfig.wan14B().ffnDim()
                                : WanConfig.wan1_3B().ffnDim());
    }

    private static int layers(Map<String, long[]> shapes) {
        return 1
                + shapes.keySet().stream()
                        .map(BLOCK::matcher)
                        .filter(Matcher::matches)
                        .mapToInt(match -> Integer.parseInt(match.group(1)))
                        .max()
                        .orElse(-1);
    }

    private static int heads(int dim, @Nullable JsonNode config) {
        int said = said(config);
        return said > 0 ? said : dim % PUBLISHED_HEAD_DIM == 0 ? dim / PUBLISHED_HEAD_DIM : 1;
    }

    private static int said(@Nullable JsonNode config) {
        return config == null
                ? 0
                : config.path("num_heads")
                        .asInt(config.path("num_attention_heads").asInt());
    }

    private static int size(Map.Entry<String, long[]> tensor, int dimension) {
        if (tensor.getValue().length == 0) {
            throw new IllegalArgumentException(tensor.getKey() + " is a single number");
        }
        return (int) tensor.getValue()[dimension];
    }

    private static int size(Map<String, long[]> shapes, String name, int dimension, int otherwise) {
        long[] shape = shapes.get(name);
        return shape == null || shape.length <= dimension ? otherwise : (int) shape[dimension];
    }
}
