package io.arvid.compare;

import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.SensitivityLog;
import io.arvid.evaluate.SensitivityShares;
import io.arvid.evaluate.suite.EvaluationRequest;
import io.arvid.evaluate.suite.EvaluationResult;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.qarvd.OutlierFindings;
import io.arvid.quantize.qarvd.QArvd;
import io.arvid.quantize.qarvd.QArvdRecipe;
import io.arvid.quantize.qarvd.Sensitivity;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.record.ChannelNorms;
import io.arvid.record.Comparison;
import io.arvid.record.FindingTable;
import io.arvid.record.Findings;
import io.arvid.record.MachineStamp;
import io.arvid.record.ModelSize;
import io.arvid.record.PairedDifference;
import io.arvid.record.Progress;
import io.arvid.record.RunRecord;
import io.arvid.record.StageClock;
import io.arvid.report.HtmlReport;
import io.arvid.report.RunFolder;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.ModelConfig;
import io.arvid.run.ModelFolder;
import io.arvid.weights.FileHash;
import io.arvid.weights.FolderLock;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** All recipes of a comparison, one after the other or several at once, and what they add up to. */
public final class MethodComparison {
    /** What all others are compared with pair by pair. */
    private static final List<String> RIVALS = List.of("q-arvd", "minmax", "arvid");

    private final CompareRequest request;
    private final RecipeFolders recipes;
    private final StageClock clock;
    private final String modelHash;
    private final List<Take> takes;
    private final CellRun cellRun;
    private final Map<String, Sensitivity> sensitivities = new TreeMap<>();

    private MethodComparison(CompareRequest request, Progress progress) {
        this.request = request;
        this.recipes = new RecipeFolders(request.recipes());
        this.clock = new StageClock(progress);
        this.modelHash = hash(request.model());
        this.takes = Take.all(request.prompts(), request.seeds());
        this.cellRun = new CellRun(
                request, takes, modelHash, Math.max(1, Runtime.getRuntime().availableProcessors() / request.jobs()));
    }

    /** Does everything and writes record and report; returns the run's folder. */
    public static RunFolder run(CompareRequest request, Progress progress) {
        return new MethodComparison(request, progress).run();
    }

    /** Ids of the ablations. */
    public static List<String> ablations() {
        return Ablations.ids();
    }

    private RunFolder run() {
        String began = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        List<Cell> main = mainCells();
        Map<String, List<Cell>> ablations = ablationCells();
        Map<String, Cell> distinct = new LinkedHashMap<>();
        main.forEach(cell -> distinct.putIfAbsent(cell.id(), cell));
        ablations.values().forEach(cells -> cells.forEach(cell -> distinct.putIfAbsent(cell.id(), cell)));
        requireKnownWords(distinct.values());
        try (FolderLock taken = FolderLock.take(request.run(), "the run in " + request.run())) {
            measureSensitivities(distinct.values());
            EvaluationResult reference;
            try (Progress.Stage stage = clock.begin("full-precision videos", takes.size())) {
                reference = cellRun.runReference(stage);
            }
            Map<String, CellRun.Done> done = runAll(List.copyOf(distinct.values()));
            Findings findings = findings(main, ablations, done, reference);
            RunRecord record = new RunRecord(
                    request.command(),
                    began,
                    request.sources(),
                    ModelConfig.read(request.model()).name(),
                    modelHash,
                    distinct.values().stream().map(Cell::stamp).toList(),
                    seeds(),
                    MachineStamp.here(),
                    clock.stages(),
                    findings);
            RunFolder folder = RunFolder.write(request.run(), record);
            HtmlReport.write(request.run().resolve("report.html"), List.of(folder));
            return folder;
        }
    }

    private Map<String, Long> seeds() {
        Map<String, Long> seeds = new TreeMap<>();
        request.seeds().forEach(seed -> seeds.put("noise " + seed, seed));
        seeds.put("calibration", CompareRequest.CALIBRATION_SEED);
        return seeds;
    }

    private List<Cell> mainCells() {
        List<Cell> cells = new ArrayList<>();
        for (String setting : request.settings()) {
            for (String method : request.methods()) {
                cells.add(new Cell(method, setting, recipes.read(method, setting)));
            }
        }
        return cells;
    }

    private Map<String, List<Cell>> ablationCells() {
        Map<String, List<Cell>> cells = new LinkedHashMap<>();
        for (String id : request.ablations()) {
            Ablations.Ablation ablation = Ablations.named(id);
            RecipeFile<?> base = recipes.read(ablation.method(), request.ablationSetting());
            cells.put(
                    id,
                    ablation.variants().stream()
                            .map(variant -> new Cell(
                                    ablation.method() + ": " + variant.name(),
                                    request.ablationSetting(),
                                    Ablations.varied(base, variant)))
                            .toList());
        }
        return cells;
    }

    /** Refuses, before any work, prompts with words that the model does not know. */
    private void requireKnownWords(Collection<Cell> cells) {
        int calibration = cells.stream()
                .mapToInt(cell -> Math.max(1, cell.recipe().prompts()))
                .max()
                .orElse(1);
        try (ModelFolder model = ModelFolder.open(request.model());
                Generator generator = new Generator(model)) {
            request.prompts().forEach(generator::requireKnownWords);
            request.firstPrompts(calibration).forEach(generator::requireKnownWords);
        }
    }

    /** Step A of Q-ARVD once a setting, by Q-ARVD's recipe, for all that use it; where there is none, methods measure for themselves. */
    private void measureSensitivities(Iterable<Cell> cells) {
        for (Cell cell : cells) {
            if (!usesSensitivity(cell)
                    || sensitivities.containsKey(cell.setting())
                    || recipes.find("q-arvd", cell.setting()).isEmpty()) {
                continue;
            }
            QArvdRecipe recipe =
                    (QArvdRecipe) recipes.read("q-arvd", cell.setting()).recipe();
            try (ModelFolder model = ModelFolder.open(request.model());
                    Generator generator = new Generator(model)) {
                QuantContext context = new QuantContext(
                        model.transformer(),
                        new GeneratorRollouts(generator, request.calibrationPrompts(), CompareRequest.CALIBRATION_SEED),
                        null,
                        clock,
                        1);
                int used = Math.max(recipe.calibrationPrompts(), recipe.sensitivityPrompts());
                String key = FileHash.of(modelHash + recipe + request.firstPrompts(used));
                Path log = request.run().resolve("sensitivity-" + cell.setting() + ".json");
                sensitivities.put(
                        cell.setting(),
                        QArvd.measureSensitivity(context.withSensitivityLog(SensitivityLog.at(log, key)), recipe));
            }
        }
    }

    private static boolean usesSensitivity(Cell cell) {
        return cell.recipe().needs() instanceof Needs.Rollouts rollouts && rollouts.usesSensitivity();
    }

    private @Nullable FrameWeights sensitivity(Cell cell) {
        Sensitivity measured = usesSensitivity(cell) ? sensitivities.get(cell.setting()) : null;
        return measured == null ? null : measured.weights();
    }

    private Map<String, CellRun.Done> runAll(List<Cell> cells) {
        Map<String, CellRun.Done> done = new LinkedHashMap<>();
        try (ExecutorService jobs = Executors.newFixedThreadPool(
                        request.jobs(),
                        Thread.ofPlatform().daemon().name("cell-", 0).factory());
                Progress.Stage stage = clock.begin("recipes", cells.size() * cellRun.steps())) {
            Map<String, Future<CellRun.Done>> running = new LinkedHashMap<>();
            cells.forEach(cell ->
                    running.put(cell.id(), jobs.submit(() -> cellRun.run(cell, sensitivity(cell), stage))));
            try {
                for (var entry : running.entrySet()) {
                    done.put(entry.getKey(), entry.getValue().get());
                }
            } catch (ExecutionException e) {
                // Those under way are finished and kept: an interrupted thread cannot write what it has worked out.
                running.values().forEach(other -> other.cancel(false));
                throw e.getCause() instanceof RuntimeException error ? error : new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                jobs.shutdownNow();
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }
        return done;
    }

    private Findings findings(
            List<Cell> main,
            Map<String, List<Cell>> ablations,
            Map<String, CellRun.Done> done,
            EvaluationResult reference) {
        List<CellRun.Done> results =
                main.stream().map(cell -> done.get(cell.id())).toList();
        List<Comparison> comparisons = new ArrayList<>();
        comparisons.addAll(reference.run().findings().comparisons());
        results.forEach(
                result -> comparisons.addAll(result.scores().run().findings().comparisons()));
        comparisons.removeIf(comparison -> comparison.method().equals(EvaluationRequest.FULL_PRECISION));
        try (ModelFolder model = ModelFolder.open(request.model())) {
            OutlierFindings outliers = new OutlierFindings(model.transformer());
            List<ModelSize> sizes = new ArrayList<>();
            sizes.add(new ModelSize(
                    EvaluationRequest.FULL_PRECISION,
                    "bf16",
                    model.transformerBytes(),
                    model.transformer().weights().parameterCount()));
            results.forEach(result -> sizes.add(new ModelSize(
                    result.cell().label(),
                    result.cell().setting(),
                    result.cost().bytes(),
                    result.cost().parameters())));
            List<ChannelNorms> norms = new ArrayList<>();
            for (int block = 0; block < model.config().transformer().numLayers(); block++) {
                norms.addAll(outliers.channelNorms(block));
            }
            List<io.arvid.record.Sensitivity> shares = new ArrayList<>();
            sensitivities.forEach((setting, measured) -> shares.add(SensitivityShares.of(measured, setting)));
            List<FindingTable> tables = new ArrayList<>(tables(results, ablations, done, reference));
            ModelTables.sensitivities(shares).ifPresent(tables::add);
            tables.add(ModelTables.norms(norms));
            tables.add(ModelTables.outliers(outliers.layerOutliers()));
            return new Findings(
                    List.of(),
                    comparisons,
                    differences(results),
                    shares,
                    norms,
                    outliers.layerOutliers(),
                    sizes,
                    tables);
        }
    }

    private List<PairedDifference> differences(List<CellRun.Done> results) {
        List<PairedDifference> differences = new ArrayList<>();
        for (String rival : RIVALS) {
            for (CellRun.Done result : results) {
                results.stream()
                        .filter(other -> other.cell().label().equals(rival)
                                && other.cell().setting().equals(result.cell().setting())
                                && other != result)
                        .forEach(other -> differences.addAll(PairedCells.differences(result, other)));
            }
        }
        return differences;
    }

    private List<FindingTable> tables(
            List<CellRun.Done> results,
            Map<String, List<Cell>> ablations,
            Map<String, CellRun.Done> done,
            EvaluationResult reference) {
        ResultTables tables = new ResultTables(results);
        List<FindingTable> all = new ArrayList<>();
        all.add(tables.main(reference));
        tables.geometric().ifPresent(all::add);
        all.add(tables.costs());
        all.addAll(tables.order());
        tables.discriminability(reference).ifPresent(all::add);
        ablations.forEach((id, cells) -> {
            Ablations.Ablation ablation = Ablations.named(id);
            all.add(AblationTable.of(
                    ablation,
                    recipes.read(ablation.method(), request.ablationSetting()).hash(),
                    cells.stream().map(cell -> done.get(cell.id())).toList()));
        });
        all.add(tables.worstLayers());
        return all;
    }

    private static String hash(Path folder) {
        try (ModelFolder model = ModelFolder.open(folder)) {
            return model.hash();
        }
    }
}
