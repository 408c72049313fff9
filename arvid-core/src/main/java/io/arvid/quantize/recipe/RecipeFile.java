package io.arvid.quantize.recipe;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.Recipe;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.weights.FileHash;
import io.arvid.weights.NearestName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A method with its settings, as a JSON file: {@code method}, optionally {@code about} (free text), and the keys of the method's recipe record. Keys
 * that are left out keep the method's defaults; an unknown key is refused, as are a key given twice, null where the default is a value, text
 * after the object, and a fraction or text where a whole number belongs.
 *
 * @param <R> the method's recipe
 * @param method the method
 * @param recipe its settings, complete
 */
public record RecipeFile<R extends Recipe>(QuantMethod<R> method, R recipe) {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();

    /** Reads the recipe in {@code file}; {@code IllegalArgumentException} naming file, key and value where it is not one. */
    public static RecipeFile<?> read(Path file) {
        try {
            return parse(Files.readString(file));
        } catch (IOException e) {
            throw new IllegalArgumentException("recipe " + file + " cannot be read: " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("recipe " + file + ": " + e.getMessage(), e);
        }
    }

    /** Reads the recipe in {@code json}. */
    public static RecipeFile<?> parse(String json) {
        try {
            if (JSON.readTree(json) instanceof ObjectNode given) {
                if (!given.has("method")) {
                    throw new IllegalArgumentException(
                            "lacks the key 'method', which is one of " + String.join(", ", Methods.ids()));
                }
                String id = given.path("method").asText("");
                given.remove(List.of("method", "about"));
                return of(Methods.byId(id), given);
            }
            throw new IllegalArgumentException("not a JSON object");
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(explain(e), e);
        }
    }

    private static <R extends Recipe> RecipeFile<R> of(QuantMethod<R> method, ObjectNode given)
            throws JsonProcessingException {
        R defaults = method.defaults();
        ObjectNode complete = JSON.valueToTree(defaults);
        requireValues("", given, complete);
        complete.setAll(given);
        @SuppressWarnings("unchecked")
        Class<R> type = (Class<R>) defaults.getClass();
        R recipe = JSON.treeToValue(complete, type);
        if (recipe instanceof CalibratedRecipe calibrated) {
            calibrated.inputCalibration(); // refuses ranges that do not fit the inputs, or have none to fit to
            requirePrompts(method, recipe);
        }
        return new RecipeFile<>(method, recipe);
    }

    /** Refuses null where the default is a value; a key that no recipe has is left to the reader of records. */
    private static void requireValues(String path, JsonNode given, JsonNode defaults) {
        for (Map.Entry<String, JsonNode> entry : given.properties()) {
            String key = path + entry.getKey();
            JsonNode known = defaults.path(entry.getKey());
            boolean isUnknown = path.isEmpty() && known.isMissingNode();
            if (entry.getValue().isNull() && !known.isNull() && !isUnknown) {
                throw new IllegalArgumentException(key + ": null where a value is wanted");
            }
            requireValues(key + ".", entry.getValue(), known);
        }
    }

    private static <R extends Recipe> void requirePrompts(QuantMethod<R> method, R recipe) {
        if (method.needs(recipe) instanceof Needs.Rollouts rollouts && rollouts.prompts() < 1) {
            throw new IllegalArgumentException(
                    "calibrationPrompts: " + rollouts.prompts() + " prompts to roll out; the recipe needs 1 or more");
        }
    }

    /** The same method with other settings of the same kind. */
    public static RecipeFile<?> of(RecipeFile<?> file, Recipe recipe) {
        return replaced(file, recipe);
    }

    private static <R extends Recipe> RecipeFile<R> replaced(RecipeFile<R> file, Recipe recipe) {
        @SuppressWarnings("unchecked")
        Class<R> type = (Class<R>) file.recipe().getClass();
        return new RecipeFile<>(file.method(), type.cast(recipe));
    }

    private static String explain(JsonProcessingException error) {
        if (error instanceof UnrecognizedPropertyException unknown) {
            List<String> known = unknown.getKnownPropertyIds().stream()
                    .map(String::valueOf)
                    .sorted()
                    .toList();
            return "unknown key '" + path(unknown) + "'" + NearestName.suggestion(unknown.getPropertyName(), known);
        }
        Throwable cause = error.getCause() == null ? error : error.getCause();
        String reason = cause instanceof JsonProcessingException json ? json.getOriginalMessage() : cause.getMessage();
        if (error instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()) {
            return path(mapping) + ": " + reason;
        }
        JsonLocation place = error.getLocation();
        return place == null || place.getLineNr() < 1 ? reason : "line " + place.getLineNr() + ": " + reason;
    }

    private static String path(JsonMappingException error) {
        return error.getPath().stream()
                .map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : step.getFieldName())
                .collect(Collectors.joining("."));
    }

    /** The complete settings with {@code method}, the same for every spelling of the same recipe; keys as the recipe record has them. */
    public JsonNode json() {
        ObjectNode tree = JSON.valueToTree(recipe);
        tree.put("method", method.id());
        return tree;
    }

    /** First 12 hexadecimal digits of the SHA-256 of {@link #json} with its keys sorted. */
    public String hash() {
        try {
            return FileHash.brief(FileHash.of(JSON.writeValueAsString(JSON.treeToValue(json(), Object.class))));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot hash a recipe", e);
        }
    }

    /** Calibration prompts that are used, those of chunk sensitivities included. */
    public int prompts() {
        int recorded = needs() instanceof Needs.Rollouts rollouts ? rollouts.prompts() : 0;
        return Math.max(recorded, recipe.sensitivityPrompts());
    }

    /** Calibration prompts without which quantizing cannot be done; those of chunk sensitivities only where it measures some. */
    public int requiredPrompts(boolean sensitivityIsGiven) {
        if (!(needs() instanceof Needs.Rollouts rollouts)) {
            return 0;
        }
        boolean measures = rollouts.usesSensitivity() && !sensitivityIsGiven
                || !rollouts.measured().equals(Needs.Measured.NONE);
        return measures ? Math.max(rollouts.prompts(), recipe.sensitivityPrompts()) : rollouts.prompts();
    }

    /** What the method will use. */
    public Needs needs() {
        return method.needs(recipe);
    }

    /** {@code IllegalArgumentException} saying why where {@code arvid quantize} cannot make and pack what the recipe asks for. */
    public void requirePackable() {
        method.refusal(recipe).ifPresent(reason -> {
            throw new IllegalArgumentException(method.id() + " " + reason);
        });
    }

    /** Chooses the integers. */
    public QuantPlan plan(QuantContext context) {
        return method.plan(context, recipe);
    }
}
