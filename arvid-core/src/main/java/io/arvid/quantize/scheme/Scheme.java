package io.arvid.quantize.scheme;

import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteRole;
import java.util.Arrays;
import java.util.List;

/**
 * The number scheme that a recipe asks for.
 *
 * @param weights of quantized layers
 * @param inputs of quantized layers
 * @param skip layers that stay in full precision: each entry names them by (the start of) their role's name, such as {@code time_embedding} or
 *     {@code ffn.2}
 * @param kv the KV cache
 */
public record Scheme(WeightRule weights, InputRule inputs, List<String> skip, KvPlan kv) {
    /** What the Q-ARVD paper keeps in full precision: time embedding, time projection and prediction head. */
    public static final List<String> PAPER_SKIPS = List.of("time_embedding", "time_projection", "head");

    /** Checks that every entry of {@code skip} names a layer. */
    public Scheme {
        skip = List.copyOf(skip);
        requireLayers("skip", skip);
    }

    /** Checks that every entry of a recipe's list {@code key} names a layer, by (the start of) its role's name. */
    public static void requireLayers(String key, List<String> entries) {
        for (String entry : entries) {
            if (entry.isEmpty()
                    || Arrays.stream(SiteRole.values())
                            .noneMatch(role -> role.suffix().startsWith(entry))) {
                throw new IllegalArgumentException(key + ": no layer is called '" + entry + "'; there are "
                        + Arrays.stream(SiteRole.values()).map(SiteRole::suffix).toList());
            }
        }
    }

    /** True where one of {@code entries} names {@code site}. */
    public static boolean names(List<String> entries, LinearSite site) {
        return entries.stream().anyMatch(entry -> site.role().suffix().startsWith(entry));
    }

    /** The paper's scheme: weights asymmetric per channel, inputs static per tensor, its exceptions skipped, KV cache untouched. */
    public static Scheme staticPerTensor(int weightBits, int inputBits) {
        return new Scheme(
                new WeightRule(IntGrid.asymmetric(weightBits), new Granularity.PerChannel()),
                new InputRule.Static(IntGrid.asymmetric(inputBits)),
                PAPER_SKIPS,
                new KvPlan.Full());
    }

    /** Weights per channel and inputs dynamic per token, both symmetric or both not, the paper's exceptions skipped, KV cache untouched. */
    public static Scheme dynamicPerToken(int weightBits, IntGrid inputs) {
        return new Scheme(
                new WeightRule(new IntGrid(weightBits, inputs.symmetric()), new Granularity.PerChannel()),
                new InputRule.Dynamic(inputs, new Granularity.PerToken()),
                PAPER_SKIPS,
                new KvPlan.Full());
    }

    /** True where the scheme quantizes {@code site}. */
    public boolean covers(LinearSite site) {
        return !names(skip, site);
    }

    /** The layers of {@code model} that are quantized, in its order. */
    public List<LinearSite> sites(CausalVideoModel model) {
        return model.sites().stream().filter(this::covers).toList();
    }

    /** Those of them that one of {@code entries} names. */
    public List<LinearSite> sites(CausalVideoModel model, List<String> entries) {
        return sites(model).stream().filter(site -> names(entries, site)).toList();
    }
}
