package io.arvid;

import io.arvid.evaluate.PairedScores;
import io.arvid.evaluate.shapes.ShapesMetrics;
import io.arvid.quantize.qarvd.OutlierFindings;
import io.arvid.record.FindingTable;
import io.arvid.record.Findings;
import io.arvid.record.MachineStamp;
import io.arvid.record.Progress;
import io.arvid.record.RunRecord;
import io.arvid.record.SourceStamp;
import io.arvid.record.StageClock;
import io.arvid.report.HtmlReport;
import io.arvid.report.RunFolder;
import io.arvid.run.Generator;
import io.arvid.run.KvModes;
import io.arvid.run.ModelFolder;
import io.arvid.weights.FolderLock;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The whole story on one screen: load → sensitivity → quantize → pack → run → evaluate → report. What {@code arvid demo} does.
 *
 * <p>Every part writes its result to the run's folder whole or not at all, and a part that is there already is not done again. One process at a time
 * uses the folder.
 */
public final class Pipeline {
    private final RunSettings settings;
    private final StageClock clock;
    private final ModelFolder model;
    private final Generator generator;
    private final @Nullable ShapesMetrics metrics;
    private final RunModels models;

    private Pipeline(
            RunSettings settings,
            Progress progress,
            ModelFolder model,
            Generator generator,
            @Nullable ShapesMetrics metrics) {
        this.settings = settings;
        this.clock = new StageClock(progress);
        this.model = model;
        this.generator = generator;
        this.metrics = metrics;
        this.models = new RunModels(settings, model, generator, clock);
    }

    /** Runs everything and writes {@code report.html}; returns the run's folder. */
    public static RunFolder run(RunSettings settings, Progress progress) {
        settings.requireRecipes();
        try (FolderLock taken = FolderLock.take(settings.run(), "the run in " + settings.run());
                ModelFolder model = ModelFolder.open(settings.model());
                Generator generator = new Generator(model);
                ShapesMetrics metrics = settings.metrics() == null ? null : ShapesMetrics.open(settings.metrics())) {
            return new Pipeline(settings, progress, model, generator, metrics).run();
        }
    }

    private RunFolder run() {
        String began = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        Map<String, Path> quantized = models.quantize();
        RunResults results = evaluate(quantized);
        Findings findings = findings(results);
        return report(began, findings);
    }

    /** Makes the same videos in full precision and by every model of {@code quantized}, and scores them. */
    private RunResults evaluate(Map<String, Path> quantized) {
        RunRollouts rollouts = new RunRollouts(settings, model, generator);
        try (RunVideos shown = new RunVideos(rollouts)) {
            List<PairedScores> scores = new RunScores(rollouts, metrics).of(quantized, shown, clock);
            return new RunResults(scores, shown.write(clock));
        }
    }

    private Findings findings(RunResults results) {
        OutlierFindings outliers = new OutlierFindings(model.transformer());
        return new Findings(
                results.videos(),
                results.comparisons(),
                results.differences(settings.methods().size()),
                models.sensitivities(),
                outliers.channelNorms(model.config().transformer().numLayers() / 2),
                outliers.layerOutliers(),
                models.sizes(),
                List.of(kvModes()));
    }

    /** Ways of keeping keys and values, on the first prompt. */
    private FindingTable kvModes() {
        try (Progress.Stage stage = clock.begin("kv cache", KvModes.count())) {
            return KvModes.measure(generator, settings.prompts().getFirst(), settings.seed(), stage);
        }
    }

    private RunFolder report(String began, Findings findings) {
        RunRecord record = new RunRecord(
                settings.command(),
                began,
                SourceStamp.of(settings.recipes()),
                model.config().name(),
                models.modelHash(),
                models.recipes(),
                Map.of("prompts", settings.seed(), "calibration", RunModels.CALIBRATION_SEED),
                MachineStamp.here(),
                clock.stages(),
                findings);
        RunFolder folder = RunFolder.write(settings.run(), record);
        HtmlReport.write(settings.run().resolve("report.html"), List.of(folder));
        return folder;
    }
}
