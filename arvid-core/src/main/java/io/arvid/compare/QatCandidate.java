package io.arvid.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.quantize.qat.QatRecipe;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.run.QatRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One quantization of a comparison.
 *
 * @param name of model, state and score
 * @param method the name without the seed
 * @param setting bit widths
 * @param recipe complete: with seed, steps, context and inputs of this comparison
 */
public record QatCandidate(String name, String method, String setting, RecipeFile<?> recipe) {
    private static final int FULL_BITS = 16;

    /** How the inputs of a post-training method are quantized in the comparison. */
    public enum Inputs {
        /** As the recipe has them. */
        AS_GIVEN,
        /** By the recipe's rule, with another number of bits. */
        OTHER_BITS,
        /** Dynamic per token, asymmetric, as the trained models have them. */
        PER_TOKEN
    }

    /**
     * Training with {@code seed}; {@code steps} instead of the recipe's where it is not null. A bidirectional model trains on whole clips, whatever
     * context the recipe has ({@link QatRecipe#bidirectional}).
     *
     * @throws IllegalArgumentException where {@code recipe} does not train, is self-forced and the model bidirectional, or is bidirectional and the model causal
     */
    public static QatCandidate trained(Path recipe, long seed, @Nullable Long steps, boolean bidirectional) {
        RecipeFile<?> file = RecipeFile.read(recipe);
        QatRecipe read = QatRun.trained(file).withSeed(seed);
        QatRecipe.Context context = read.training().context();
        if (bidirectional && context == QatRecipe.Context.SELF_FORCED) {
            throw new IllegalArgumentException(
                    recipe + " is self-forced: a bidirectional model would train as without it");
        }
        if (!bidirectional && context == QatRecipe.Context.BIDIRECTIONAL) {
            throw new IllegalArgumentException(
                    recipe + " is bidirectional: a causal model trains teacher-forced or self-forced");
        }
        QatRecipe fitting = bidirectional ? read.bidirectional() : read;
        String method = nameOf(recipe);
        return new QatCandidate(
                method + "-seed" + seed,
                method,
                setting(read.scheme()),
                RecipeFile.of(file, steps == null ? fitting : fitting.withSteps(steps)));
    }

    /**
     * Quantization after calibration, with inputs of {@code inputBits} where {@code inputs} says so.
     *
     * @throws IllegalArgumentException where {@code recipe} trains, or what it asks for cannot be packed
     */
    public static QatCandidate calibrated(Path recipe, Inputs inputs, int inputBits) {
        RecipeFile<?> file = withInputs(recipe, inputs, inputBits);
        file.requirePackable();
        String base = nameOf(recipe).replaceAll("-w.*", "");
        String name = switch (inputs) {
            case AS_GIVEN -> nameOf(recipe);
            case OTHER_BITS -> base;
            case PER_TOKEN -> base + "-per-token";
        };
        return new QatCandidate(name, name, setting(file.recipe().scheme()), file);
    }

    private static String setting(Scheme scheme) {
        InputRule inputs = scheme.inputs();
        int bits = inputs instanceof InputRule.Full ? FULL_BITS : inputs.grid().bits();
        return "w" + scheme.weights().grid().bits() + "a" + bits;
    }

    /** True where it is trained. */
    public boolean isTrained() {
        return recipe.recipe() instanceof QatRecipe;
    }

    private static String nameOf(Path recipe) {
        return recipe.getFileName().toString().replaceAll("\\.json$", "");
    }

    private static RecipeFile<?> withInputs(Path recipe, Inputs inputs, int bits) {
        JsonMapper json = new JsonMapper();
        try {
            JsonNode tree = json.readTree(recipe.toFile());
            if (inputs == Inputs.OTHER_BITS && tree.at("/scheme/inputs/grid") instanceof ObjectNode grid) {
                grid.put("bits", bits);
            }
            if (inputs == Inputs.PER_TOKEN && tree.path("scheme") instanceof ObjectNode scheme) {
                ObjectNode rule =
                        scheme.putObject("inputs").put("rule", "dynamic").put("at", "per-token");
                rule.putObject("grid").put("bits", bits).put("symmetric", false);
            }
            return RecipeFile.parse(tree.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(recipe + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
