package io.arvid;

import io.arvid.calibrate.SensitivityLog;
import io.arvid.evaluate.PairedBootstrap;
import io.arvid.evaluate.PairedScores;
import io.arvid.evaluate.SensitivityShares;
import io.arvid.evaluate.shapes.ShapesMetrics;
import io.arvid.pack.PackedModelFile;
import io.arvid.pack.PackedSource;
import io.arvid.pack.Packer;
import io.arvid.pack.SourceLayout;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.qarvd.OutlierFindings;
import io.arvid.quantize.qarvd.QArvd;
import io.arvid.quantize.qarvd.QArvdRecipe;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.Comparison;
import io.arvid.record.FindingTable;
import io.arvid.record.Findings;
import io.arvid.record.MachineStamp;
import io.arvid.record.ModelSize;
import io.arvid.record.PairedDifference;
import io.arvid.record.Progress;
import io.arvid.record.RecipeStamp;
import io.arvid.record.RunRecord;
import io.arvid.record.Sensitivity;
import io.arvid.record.SourceStamp;
import io.arvid.record.StageClock;
import io.arvid.record.VideoSet;
import io.arvid.report.HtmlReport;
import io.arvid.report.RunFolder;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.KvModes;
import io.arvid.run.ModelFolder;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.AtomicFolder;
import io.arvid.weights.FileHash;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The whole story on one screen: load → sensitivity → quantize → pack → run → evaluate → report. What {@code arvid demo} does.
 *
 * <p>Every part writes its result to the run's folder whole or not at all, and a part that is there already is not done again.
 */
public final class Pipeline {
    /**
     * What to run.
     *
     * @param model folder of the model
     * @param recipes folder of the recipe files
     * @param run folder that everything goes to
     * @param methods ids of the methods, the simplest first
     * @param settings bit widths such as {@code w4a8}; the recipe of a method is {@code method-setting.json}
     * @param prompts what is asked for
     * @param calibrationPrompts what methods calibrate on
     * @param seed seed of the first prompt's noise
     * @param shownPrompts prompts whose videos the report shows
     * @param metrics folder of the networks of {@code fvd-shapes} and {@code lpips-shapes}; null for none
     * @param command the command line, for the record
     */
    public record Settings(
            Path model,
            Path recipes,
            Path run,
            List<String> methods,
            List<String> settings,
            List<String> prompts,
            List<String> calibrationPrompts,
            long seed,
            int shownPrompts,
            @Nullable Path metrics,
            String command) {
        /** The recipe of {@code method} at {@code setting}. */
        RecipeFile<?> recipe(String method, String setting) {
            return RecipeFile.read(recipes.resolve(method + "-" + setting + ".json"));
        }

        /** Folder of the packed model of {@code method} at {@code setting}. */
        Path packed(String method, String setting) {
            return run.resolve("models").resolve(method + "-" + setting);
        }
    }

    private static final PairedBootstrap BOOTSTRAP = new PairedBootstrap(1000, 0.95, 1);
    private static final long CALIBRATION_SEED = 1_000_000;

    private final Settings settings;
    private final StageClock clock;
    private final ModelFolder model;
    private final Generator generator;
    private final @Nullable ShapesMetrics metrics;
    private final String modelHash;
    private final List<RecipeStamp> recipes = new ArrayList<>();
    private final List<ModelSize> sizes = new ArrayList<>();
    private final List<Sensitivity> sensitivities = new ArrayList<>();

    private Pipeline(
            Settings settings,
            Progress progress,
            ModelFolder model,
            Generator generator,
            @Nullable ShapesMetrics metrics) {
        this.settings = settings;
        this.clock = new StageClock(progress);
        this.model = model;
        this.generator = generator;
        this.metrics = metrics;
        this.modelHash = model.hash();
    }

    /** Runs everything and writes {@code report.html}; returns the run's folder. */
    public static RunFolder run(Settings settings, Progress progress) {
        // A recipe that is missing ends the run here, not after the work for those before it.
        settings.settings().forEach(setting -> settings.methods().forEach(method -> settings.recipe(method, setting)));
        try (ModelFolder model = ModelFolder.open(settings.model());
                Generator generator = new Generator(model);
                ShapesMetrics metrics = settings.metrics() == null ? null : ShapesMetrics.open(settings.metrics())) {
            return new Pipeline(settings, progress, model, generator, metrics).run();
        }
    }

    private RunFolder run() {
        String began = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        sizes.add(new ModelSize(
                "full-precision",
                "bf16",
                model.transformerBytes(),
                model.transformer().weights().parameterCount()));
        Map<String, Path> quantized = new LinkedHashMap<>();
        for (String setting : settings.settings()) {
            for (String method : settings.methods()) {
                quantized.put(method + "-" + setting, quantize(method, setting));
            }
        }
        RunRollouts rollouts = new RunRollouts(settings, model, generator);
        List<PairedScores> scores;
        List<VideoSet> videos;
        try (RunVideos shown = new RunVideos(rollouts)) {
            scores = new RunScores(rollouts, metrics).of(quantized, shown, clock);
            videos = shown.write(clock);
        }
        List<Comparison> comparisons =
                scores.stream().map(score -> score.comparison(BOOTSTRAP)).toList();
        OutlierFindings outliers = new OutlierFindings(model.transformer());
        Findings findings = new Findings(
                videos,
                comparisons,
                differences(scores),
                sensitivities,
                outliers.channelNorms(model.config().transformer().numLayers() / 2),
                outliers.layerOutliers(),
                sizes,
                List.of(kvModes()));
        RunRecord record = new RunRecord(
                settings.command(),
                began,
                SourceStamp.of(settings.recipes()),
                model.config().name(),
                modelHash,
                recipes,
                Map.of("prompts", settings.seed(), "calibration", CALIBRATION_SEED),
                MachineStamp.here(),
                clock.stages(),
                findings);
        RunFolder folder = RunFolder.write(settings.run(), record);
        HtmlReport.write(settings.run().resolve("report.html"), List.of(folder));
        return folder;
    }

    /** Ways of keeping keys and values, on the first prompt. */
    private FindingTable kvModes() {
        try (Progress.Stage stage = clock.begin("kv cache", KvModes.count())) {
            return KvModes.measure(generator, settings.prompts().getFirst(), settings.seed(), stage);
        }
    }

    /** Chooses the integers of one method at one setting and packs them; the packed folder. */
    private Path quantize(String method, String setting) {
        String name = method + "-" + setting;
        Path folder = settings.packed(method, setting);
        RecipeFile<?> recipe = settings.recipe(method, setting);
        recipes.add(new RecipeStamp(name, method, setting, recipe.hash()));
        GeneratorRollouts prompts = new GeneratorRollouts(generator, settings.calibrationPrompts(), CALIBRATION_SEED);
        QuantContext context = new QuantContext(model.transformer(), prompts, null, clock, 2);
        if (recipe.recipe() instanceof QArvdRecipe qArvd) {
            context = context.withSensitivityLog(SensitivityLog.at(
                    settings.run().resolve("sensitivity-" + setting + ".json"), key(qArvd.toString())));
        }
        Path keyFile = folder.resolveSibling(name + ".key");
        String key = key(recipe.json().toString());
        if (!PackedModelFile.isPacked(folder) || !key.equals(read(keyFile))) {
            AtomicFolder.remove(folder);
            try (QuantPlan plan = recipe.plan(context);
                    WeightMap stored = model.storedTransformer()) {
                Packer.write(
                        folder,
                        plan,
                        new PackedSource(stored, model.json(), SourceLayout.WAN, recipe.json()),
                        model::copyCompanions);
            }
            AtomicFile.write(keyFile, key);
        }
        if (recipe.recipe() instanceof QArvdRecipe qArvd) {
            sensitivities.add(SensitivityShares.of(QArvd.measureSensitivity(context, qArvd), setting));
        }
        try (ModelFolder packed = ModelFolder.open(folder)) {
            sizes.add(new ModelSize(
                    method,
                    setting,
                    packed.transformerBytes(),
                    model.transformer().weights().parameterCount()));
        }
        return folder;
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

    /** Each method against the first one at the same setting, prompt by prompt. */
    private List<PairedDifference> differences(List<PairedScores> scores) {
        List<PairedDifference> differences = new ArrayList<>();
        int methods = settings.methods().size();
        for (int i = 0; i < scores.size(); i++) {
            if (i % methods != 0) {
                differences.add(scores.get(i).against(scores.get(i - i % methods), "latent-mse", BOOTSTRAP));
            }
        }
        return differences;
    }
}
