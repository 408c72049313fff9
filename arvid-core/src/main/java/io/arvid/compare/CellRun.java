package io.arvid.compare;

import io.arvid.calibrate.FrameWeights;
import io.arvid.evaluate.input.Clip;
import io.arvid.evaluate.input.Sample;
import io.arvid.evaluate.suite.Evaluation;
import io.arvid.evaluate.suite.EvaluationRequest;
import io.arvid.evaluate.suite.EvaluationResult;
import io.arvid.evaluate.suite.EvaluationSettings;
import io.arvid.model.SiteForward;
import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.PeakMemory;
import io.arvid.record.Progress;
import io.arvid.rollout.KvStore;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.ModelConfig;
import io.arvid.run.ModelFolder;
import io.arvid.tensor.Torch;
import io.arvid.weights.AtomicFolder;
import io.arvid.weights.FileHash;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is done for one recipe: quantize and pack, make every video, score it against full precision. Each part is left out where its result is there
 * already. Has a model of its own, so that several can run at once.
 */
final class CellRun {
    /** A cell that is done. */
    record Done(Cell cell, CellCost cost, EvaluationResult scores) {}

    private final CompareRequest request;
    private final List<Take> takes;
    private final String modelHash;
    private final int workers;

    CellRun(CompareRequest request, List<Take> takes, String modelHash, int workers) {
        this.request = request;
        this.takes = takes;
        this.modelHash = modelHash;
        this.workers = workers;
    }

    /** Steps that {@link #run} reports. */
    long steps() {
        return 2L * takes.size();
    }

    /** Does {@code cell}; sensitivities may be null where the recipe needs none. */
    Done run(Cell cell, @Nullable FrameWeights sensitivity, Progress.Stage stage) {
        Torch.setThreads(1);
        Path folder = cell.folder(request.run());
        String key = key(cell, sensitivity);
        try (ModelFolder model = ModelFolder.open(request.model());
                Generator generator = new Generator(model)) {
            Path packed = folder.resolve("model");
            CellCost cost = CellCost.read(folder, key).orElse(null);
            if (cost == null) {
                AtomicFolder.remove(CellCost.file(folder)); // First: it says that the model is there.
                AtomicFolder.remove(folder);
                cost = quantize(cell, sensitivity, generator, packed, key);
                cost.write(folder);
            }
            stage.step(takes.size());
            Path videos = folder.resolve("videos-" + takesHash());
            try (ModelFolder opened = ModelFolder.open(packed);
                    QuantPlan plan = new PhaseFiles(folder).with(Objects.requireNonNull(opened.plan()));
                    FakeQuantForward sites = new FakeQuantForward(model.transformer(), plan)) {
                shoot(generator, videos, sites, opened.kv().stores(), stage);
            }
            return new Done(cell, cost, evaluate(cell.label(), cell.setting(), folder, videos, reference()));
        }
    }

    /** The videos in full precision, and what metrics without a reference say of them. */
    EvaluationResult runReference(Progress.Stage stage) {
        Torch.setThreads(1);
        try (ModelFolder model = ModelFolder.open(request.model());
                Generator generator = new Generator(model)) {
            shoot(
                    generator,
                    reference(),
                    model.transformer().fullPrecision(),
                    model.kv().stores(),
                    stage);
            return evaluate(
                    EvaluationRequest.FULL_PRECISION,
                    "bf16",
                    Objects.requireNonNull(reference().getParent()),
                    reference(),
                    null);
        }
    }

    /** The folder names what the videos depend on. */
    private Path reference() {
        return request.run()
                .resolve("full-precision")
                .resolve(FileHash.brief(FileHash.of(modelHash)))
                .resolve("videos-" + takesHash());
    }

    private String takesHash() {
        return FileHash.brief(FileHash.of(takes.toString()));
    }

    private String key(Cell cell, @Nullable FrameWeights sensitivity) {
        // The noise of the layers is measured on the first prompt, whatever the recipe needs.
        int prompts = Math.max(1, cell.recipe().requiredPrompts(sensitivity != null));
        return FileHash.of(modelHash + cell.recipe().hash() + request.firstPrompts(prompts) + sensitivity);
    }

    private CellCost quantize(
            Cell cell, @Nullable FrameWeights sensitivity, Generator generator, Path packed, String key) {
        ModelFolder model = generator.model();
        QuantContext context = new QuantContext(
                model.transformer(),
                new GeneratorRollouts(generator, request.calibrationPrompts(), CompareRequest.CALIBRATION_SEED),
                sensitivity,
                Progress.SILENT,
                workers);
        long began = System.nanoTime();
        try (PeakMemory.Watch memory = PeakMemory.watch();
                QuantPlan plan = cell.recipe().plan(context)) {
            double seconds = (System.nanoTime() - began) / 1e9;
            long peak = memory.peakBytes();
            PhaseFiles phases = new PhaseFiles(Objects.requireNonNull(packed.getParent()));
            phases.write(plan.phases());
            try (QuantPlan main = plan.withoutPhases()) {
                model.pack(packed, main, cell.recipe());
            }
            try (ModelFolder opened = ModelFolder.open(packed)) {
                return new CellCost(
                        key,
                        request.sources().brief(),
                        seconds,
                        peak,
                        opened.transformerBytes() + phases.bytes(),
                        model.transformer().weights().parameterCount(),
                        Torch.withoutGradients(() -> LayerNoise.decibels(context, plan)));
            }
        }
    }

    private void shoot(
            Generator generator, Path folder, SiteForward sites, KvStore.Factory stores, Progress.Stage stage) {
        Footage footage = new Footage(generator, folder);
        for (Take take : takes) {
            footage.shoot(take, sites, stores);
            stage.step();
        }
    }

    private EvaluationResult evaluate(
            String label, String setting, Path folder, Path videos, @Nullable Path reference) {
        List<Sample> samples = takes.stream()
                .map(take -> new Sample(
                        take.name(),
                        new Clip(take.frames(videos), take.latents(videos)),
                        reference == null ? Clip.NONE : new Clip(take.frames(reference), take.latents(reference)),
                        take.prompt()))
                .toList();
        ModelConfig config = ModelConfig.read(request.model());
        EvaluationSettings defaults = EvaluationSettings.DEFAULT;
        EvaluationSettings settings = new EvaluationSettings(
                config.rollout().framesPerChunk(),
                TinyVideoAutoencoder.TIME_FACTOR,
                config.video().frames(),
                config.video().framesPerSecond(),
                defaults.resamples(),
                defaults.confidence(),
                defaults.seed());
        EvaluationResult result = Evaluation.run(
                new EvaluationRequest(
                        label,
                        setting,
                        samples,
                        EvaluationRequest.possible(samples, request.metricFiles()),
                        request.metricFiles(),
                        settings,
                        request.run().resolve("cache")),
                request.command(),
                request.sources(),
                Progress.SILENT);
        result.write(folder);
        return result;
    }
}
