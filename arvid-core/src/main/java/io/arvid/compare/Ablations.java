package io.arvid.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.quantize.qarvd.Difference;
import io.arvid.quantize.qarvd.Follow;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.weights.NearestName;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Variations of a recipe, each a few keys of its file changed: those of Q-ARVD's paper, and what arvid's own recipe consists of. */
final class Ablations {
    /**
     * A table of variations.
     *
     * @param id what the command calls it
     * @param title heading
     * @param method whose recipe is varied
     * @param variants the rows, the unchanged recipe among them
     */
    record Ablation(String id, String title, String method, List<Variant> variants) {}

    /**
     * A row.
     *
     * @param name what is different
     * @param patch keys of the recipe file, in JSON
     */
    record Variant(String name, String patch) {}

    private static final String UNCHANGED = "{}";
    private static final String GROUPED =
            "{\"rule\": \"grouped\", \"bits\": 4, \"groupSize\": 0, \"along\": \"tokens\"}";
    private static final JsonMapper JSON = new JsonMapper();

    static final List<Ablation> ALL = List.of(
            new Ablation(
                    "parts",
                    "Dual scale and frame weighting (Q-ARVD, Table 3)",
                    "q-arvd",
                    List.of(
                            new Variant("neither", "{\"dualScale\": false, \"weighting\": \"uniform\"}"),
                            new Variant("weighting only", "{\"dualScale\": false}"),
                            new Variant("dual scale only", "{\"weighting\": \"uniform\"}"),
                            new Variant("both", UNCHANGED))),
            new Ablation(
                    "weighting",
                    "Frame weights (Q-ARVD, Table 4)",
                    "q-arvd",
                    List.of(
                            new Variant("uniform", "{\"weighting\": \"uniform\"}"),
                            new Variant("2^-i", "{\"weighting\": \"halving\"}"),
                            new Variant("reversed", "{\"weighting\": \"reversed\"}"),
                            new Variant("sensitivity", UNCHANGED))),
            new Ablation(
                    "alpha",
                    "Smallest ratio α of an outlier's norm to the median (Q-ARVD, Table 5)",
                    "q-arvd",
                    List.of(
                            new Variant("α 1.10", "{\"outliers\": {\"minRatio\": 1.10}}"),
                            new Variant("α 1.15", "{\"outliers\": {\"minRatio\": 1.15}}"),
                            new Variant("α 1.20", UNCHANGED),
                            new Variant("α 1.25", "{\"outliers\": {\"minRatio\": 1.25}}"),
                            new Variant("α 1.30", "{\"outliers\": {\"minRatio\": 1.30}}"))),
            new Ablation(
                    "tau",
                    "Deviations τ that make an outlier (Q-ARVD, Figure 6)",
                    "q-arvd",
                    List.of(
                            new Variant("τ 2.5", "{\"outliers\": {\"madThreshold\": 2.5}}"),
                            new Variant("τ 3.0", "{\"outliers\": {\"madThreshold\": 3.0}}"),
                            new Variant("τ 3.5", UNCHANGED),
                            new Variant("τ 4.0", "{\"outliers\": {\"madThreshold\": 4.0}}"),
                            new Variant("τ 4.5", "{\"outliers\": {\"madThreshold\": 4.5}}"))),
            new Ablation(
                    "follow",
                    "Q-ARVD as its paper writes it and as its code does it",
                    "q-arvd",
                    Stream.of(
                                    Stream.of(new Variant("paper", UNCHANGED)),
                                    Arrays.stream(Difference.values())
                                            .filter(switched -> switched != Difference.SENSITIVITY_AT_TARGET)
                                            .map(Ablations::asInTheCode),
                                    Stream.of(new Variant("code", "{\"follow\": \"code\"}")))
                            .flatMap(variants -> variants)
                            .toList()),
            new Ablation(
                    "prompts",
                    "Calibration prompts of Q-ARVD",
                    "q-arvd",
                    List.of(
                            new Variant("1 prompt", "{\"calibrationPrompts\": 1}"),
                            new Variant("2 prompts", "{\"calibrationPrompts\": 2}"),
                            new Variant("4 prompts", "{\"calibrationPrompts\": 4}"),
                            new Variant("12 prompts", "{\"calibrationPrompts\": 12}"))),
            new Ablation(
                    "arvid",
                    "What the parts of arvid's own recipe bring",
                    "arvid",
                    List.of(
                            new Variant("everything", UNCHANGED),
                            new Variant("calibrated on full-precision inputs", "{\"inputs\": \"full-precision\"}"),
                            new Variant("errors of inputs made up for", "{\"inputs\": \"quantized\"}"),
                            new Variant("chunks weighted by their sensitivity", "{\"weighting\": \"sensitivity\"}"),
                            new Variant("no dual scale", "{\"dualScale\": false}"),
                            new Variant(
                                    "weight scales by range", "{\"solver\": {\"refit\": false, \"widths\": [1.0]}}"),
                            new Variant(
                                    "GPTQ alone",
                                    "{\"solver\": {\"refit\": false, \"widths\": [1.0], " + "\"alternations\": 0}}"),
                            new Variant(
                                    "static input scales, one for each denoising step",
                                    "{\"scheme\": {\"inputs\": {\"rule\": \"stepwise\", \"at\": null, "
                                            + "\"buckets\": {\"by\": \"timestep\", \"count\": 20}}}}"),
                            new Variant(
                                    "static input scales, one for all steps",
                                    "{\"scheme\": {\"inputs\": {\"rule\": \"static\", \"at\": null}}}"),
                            new Variant("text path rounded on no more prompts", "{\"textPrompts\": 0}"),
                            new Variant("4 calibration prompts", "{\"calibrationPrompts\": 4, \"rangePrompts\": 4}"),
                            new Variant(
                                    "AdaRound in Gram space",
                                    "{\"solver\": {\"dampings\": [1e6], "
                                            + "\"widths\": [1.0], \"alternations\": 0, \"refit\": false, \"adaround\": "
                                            + "{\"iterations\": 300, \"batchSize\": 1, \"roundingRate\": 0.015, "
                                            + "\"inputRate\": 0, \"roundingWeight\": 0.01, \"warmup\": 0.2, "
                                            + "\"betaStart\": 20, \"betaEnd\": 2}}}"))),
            new Ablation(
                    "arvid-bits",
                    "Where arvid's own recipe may spend bits",
                    "arvid",
                    List.of(
                            new Variant("everything", UNCHANGED),
                            new Variant("inputs of 6 bits", "{\"scheme\": {\"inputs\": {\"grid\": {\"bits\": 6}}}}"),
                            new Variant(
                                    "6 bits of inputs on average, by chunk",
                                    "{\"chunkBits\": {\"widths\": [4, 6, 8], \"average\": 6}}"),
                            new Variant(
                                    "5 % of the weights in bfloat16", "{\"keep\": {\"share\": 0.05, \"prompts\": 1}}"),
                            new Variant("a KV cache of 4 bits", "{\"scheme\": {\"kv\": " + GROUPED + "}}"),
                            new Variant(
                                    "4 bits of KV cache on average, by chunk",
                                    "{\"scheme\": {\"kv\": " + GROUPED
                                            + "}, \"kvBits\": {\"widths\": [2, 4, 8, 16], \"average\": 4}}"))));

    private Ablations() {}

    /** The paper but for one switch. */
    private static Variant asInTheCode(Difference switched) {
        boolean on = switched.in(Follow.CODE);
        return new Variant(
                "paper, but " + switched.key() + ": " + on,
                "{\"overrides\": {\"" + switched.key() + "\": " + on + "}}");
    }

    static List<String> ids() {
        return ALL.stream().map(Ablation::id).toList();
    }

    static Ablation named(String id) {
        return ALL.stream()
                .filter(ablation -> ablation.id().equals(id))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("no ablation '" + id + "'" + NearestName.suggestion(id, ids())));
    }

    /** {@code recipe} with the keys of {@code variant}, which is a JSON merge patch (RFC 7396). */
    static RecipeFile<?> varied(RecipeFile<?> recipe, Variant variant) {
        try {
            ObjectNode changed = recipe.json().deepCopy();
            merge(changed, (ObjectNode) JSON.readTree(variant.patch()));
            return RecipeFile.parse(changed.toString());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(variant.patch(), e);
        }
    }

    private static void merge(ObjectNode into, ObjectNode patch) {
        patch.properties().forEach(entry -> {
            JsonNode old = into.get(entry.getKey());
            if (entry.getValue().isNull()) {
                into.remove(entry.getKey());
            } else if (old instanceof ObjectNode object && entry.getValue() instanceof ObjectNode inner) {
                merge(object, inner);
            } else {
                into.set(entry.getKey(), entry.getValue());
            }
        });
    }
}
