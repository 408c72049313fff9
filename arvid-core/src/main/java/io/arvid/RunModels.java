package io.arvid;

import io.arvid.calibrate.SensitivityLog;
import io.arvid.evaluate.SensitivityShares;
import io.arvid.pack.PackedModelFile;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.qarvd.QArvd;
import io.arvid.quantize.qarvd.QArvdRecipe;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.ModelSize;
import io.arvid.record.Progress;
import io.arvid.record.RecipeStamp;
import io.arvid.record.Sensitivity;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.ModelFolder;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.AtomicFolder;
import io.arvid.weights.FileHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The quantized models of a run, every method at every setting: sensitivity → quantize → pack, and what the record says of it. */
final class RunModels {
    /** Seed of the first calibration prompt's noise. */
    static final long CALIBRATION_SEED = 1_000_000;

    private final RunSettings settings;
    private final ModelFolder model;
    private final Generator generator;
    private final Progress progress;
    private final String modelHash;
    private final List<RecipeStamp> recipes = new ArrayList<>();
    private final List<ModelSize> sizes = new ArrayList<>();
    private final List<Sensitivity> sensitivities = new ArrayList<>();

    /** None yet. */
    RunModels(RunSettings settings, ModelFolder model, Generator generator, Progress progress) {
        this.settings = settings;
        this.model = model;
        this.generator = generator;
        this.progress = progress;
        this.modelHash = model.hash();
    }

    /** Makes what is not there yet; packed folders by {@code method-setting}. */
    Map<String, Path> quantize() {
        addSize("full-precision", "bf16", model);
        Map<String, Path> quantized = new LinkedHashMap<>();
        for (String setting : settings.settings()) {
            for (String method : settings.methods()) {
                quantized.put(method + "-" + setting, quantize(method, setting));
            }
        }
        return quantized;
    }

    /** Chooses the integers of one method at one setting and packs them; the packed folder. */
    private Path quantize(String method, String setting) {
        String name = method + "-" + setting;
        Path folder = settings.packed(method, setting);
        RecipeFile<?> recipe = settings.recipe(method, setting);
        recipes.add(new RecipeStamp(name, method, setting, recipe.hash()));
        QuantContext context = context(recipe, setting);
        Path keyFile = folder.resolveSibling(name + ".key");
        String key = key(recipe.json().toString());
        if (!PackedModelFile.isPacked(folder) || !key.equals(read(keyFile))) {
            AtomicFolder.remove(folder);
            pack(folder, recipe, context);
            AtomicFile.write(keyFile, key);
        }
        if (recipe.recipe() instanceof QArvdRecipe qArvd) {
            sensitivities.add(SensitivityShares.of(QArvd.measureSensitivity(context, qArvd), setting));
        }
        try (ModelFolder packed = ModelFolder.open(folder)) {
            addSize(method, setting, packed);
        }
        return folder;
    }

    /** What a method works on; Q-ARVD finds the sensitivities that an earlier run measured. */
    private QuantContext context(RecipeFile<?> recipe, String setting) {
        GeneratorRollouts prompts = new GeneratorRollouts(generator, settings.calibrationPrompts(), CALIBRATION_SEED);
        QuantContext context = new QuantContext(model.transformer(), prompts, null, progress, 2);
        return recipe.recipe() instanceof QArvdRecipe qArvd
                ? context.withSensitivityLog(SensitivityLog.at(
                        settings.run().resolve("sensitivity-" + setting + ".json"), key(qArvd.toString())))
                : context;
    }

    private void pack(Path folder, RecipeFile<?> recipe, QuantContext context) {
        try (QuantPlan plan = recipe.plan(context)) {
            model.pack(folder, plan, recipe);
        }
    }

    private void addSize(String method, String setting, ModelFolder made) {
        sizes.add(new ModelSize(
                method,
                setting,
                made.transformerBytes(),
                model.transformer().weights().parameterCount()));
    }

    /** Names what {@code recipe} makes of this model on these prompts: parts of an earlier run under another name are not used. */
    private String key(String recipe) {
        return new FileHash()
                .text(recipe)
                .text(modelHash)
                .text(settings.calibrationPrompts().toString())
                .text(Long.toString(CALIBRATION_SEED))
                .hex();
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** SHA-256 of the model in full precision. */
    String modelHash() {
        return modelHash;
    }

    /** Recipes, in the order in which they were used. */
    List<RecipeStamp> recipes() {
        return recipes;
    }

    /** Size of the model in full precision and of each that was made of it. */
    List<ModelSize> sizes() {
        return sizes;
    }

    /** Chunk sensitivities that Q-ARVD measured, one a setting. */
    List<Sensitivity> sensitivities() {
        return sensitivities;
    }
}
