package io.arvid.compare;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.evaluate.Frames;
import io.arvid.evaluate.LatentError;
import io.arvid.evaluate.Psnr;
import io.arvid.model.SiteForward;
import io.arvid.pack.PackedModelFile;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.Progress;
import io.arvid.record.TrainingLog;
import io.arvid.record.TrainingProgress;
import io.arvid.record.TrainingStep;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.rollout.train.world.check.SemanticCheck;
import io.arvid.rollout.train.world.check.SemanticChecker;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.ModelFolder;
import io.arvid.run.QatRun;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.AtomicFolder;
import io.arvid.weights.FileHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * Trained and calibrated quantization of one model side by side: every recipe that trains with several seeds, every other one at the same bits, all
 * compared with full precision on the same prompts and noise. Models, states and scores stay in the run's folder; what is there is not made again.
 * {@code models/NAME.key} names what a model and its training state depend on: what was made otherwise under the same name is refused.
 * {@code key} in {@code scores/NAME.json} names what a score depends on: it is made again where that has changed.
 */
public final class QatComparison implements AutoCloseable {
    /**
     * What is compared.
     *
     * @param run folder of models, states and scores
     * @param prompts evaluation prompts
     * @param seed noise seed of the first prompt
     * @param calibrationPrompts for recipes that calibrate
     */
    public record Settings(Path run, List<String> prompts, long seed, List<String> calibrationPrompts) {
        /** Refuses a comparison on nothing. */
        public Settings {
            if (prompts.isEmpty()) {
                throw new IllegalArgumentException("a comparison needs at least one prompt");
            }
        }
    }

    /** What a model was made of, as hashes by name, and the seconds that its calibration took. */
    record Made(Map<String, String> of, double seconds) {}

    private static final JsonMapper JSON = new JsonMapper();
    private static final long CALIBRATION_SEED = 1_000_000;
    /** Counts what a score holds: earlier ones are made again. */
    private static final String SCORE_VERSION = "2 ";

    private final Settings settings;
    private final Progress progress;
    private final ModelFolder model;
    private final String modelHash;
    private final Generator generator;
    private final QatRun training;
    private final List<Tensor> latents = new ArrayList<>();
    private final List<Tensor> videos = new ArrayList<>();

    /** A comparison of quantizations of {@code generator}'s model, which is in full precision. */
    public QatComparison(Generator generator, Settings settings, Progress progress) {
        this.generator = generator;
        this.training = new QatRun(generator);
        this.model = generator.model();
        this.modelHash = model.hash();
        this.settings = settings;
        this.progress = progress;
    }

    /**
     * Refuses what cannot be made on this model, or not in this run's folder.
     *
     * @throws IllegalArgumentException naming what does not fit, or what the folder's model of this name was made of instead
     */
    public void requireFit(QatCandidate candidate) {
        if (candidate.isTrained()) {
            training.requireFit(QatRun.trained(candidate.recipe()));
        }
        Map<String, String> wanted = dependsOn(candidate);
        Path file = keyFile(candidate);
        if (!Files.exists(file)) {
            AtomicFolder.requireFree(folder(candidate));
            AtomicFolder.requireFree(states(candidate));
            return;
        }
        Map<String, String> there = made(file).of();
        List<String> others = wanted.keySet().stream()
                .filter(name -> !wanted.get(name).equals(there.get(name)))
                .toList();
        if (!others.isEmpty()) {
            throw new IllegalArgumentException(folder(candidate) + " was made with another "
                    + String.join(" and ", others) + "; choose another folder with -o, or remove everything of '"
                    + candidate.name() + "' there");
        }
    }

    /**
     * Quantizes and scores. A model of the same recipe and calibration is used again, however many prompts it is scored on; a score also depends on the
     * prompts.
     *
     * @param listener hears every step of a training
     * @throws io.arvid.quantize.qat.DivergedException where a training cannot go on
     */
    public QatScore score(QatCandidate candidate, TrainingStep.Listener listener) {
        requireFit(candidate);
        Path file = settings.run().resolve("scores").resolve(candidate.name() + ".json");
        String key = FileHash.of(SCORE_VERSION + dependsOn(candidate) + settings.prompts() + settings.seed());
        if (Files.exists(file)) {
            QatScore earlier = QatScore.read(file);
            if (key.equals(earlier.key())) {
                return earlier;
            }
        }
        Path folder = folder(candidate);
        if (!PackedModelFile.isPacked(folder)) {
            write(candidate, 0);
            write(candidate, candidate.isTrained() ? train(candidate, folder, listener) : calibrate(candidate, folder));
        }
        double seconds = made(keyFile(candidate)).seconds();
        try (ModelFolder packed = ModelFolder.open(folder);
                Generator own = new Generator(packed);
                FakeQuantForward sites =
                        new FakeQuantForward(packed.transformer(), Objects.requireNonNull(packed.plan()))) {
            return scored(key, candidate.name(), candidate.setting(), candidate.isTrained(), own, sites, seconds)
                    .write(file);
        }
    }

    /** What the model of {@code candidate} depends on: hashes by name. */
    Map<String, String> dependsOn(QatCandidate candidate) {
        Map<String, String> hashes = new TreeMap<>();
        hashes.put("model", modelHash);
        hashes.put("recipe or number of steps", candidate.recipe().hash());
        if (candidate.recipe().needs() instanceof Needs.Rollouts) {
            List<String> prompts = settings.calibrationPrompts().stream()
                    .limit(candidate.recipe().requiredPrompts(false))
                    .toList();
            hashes.put("set of calibration prompts", FileHash.of(CALIBRATION_SEED + " " + prompts));
        }
        return hashes;
    }

    private static Made made(Path file) {
        try {
            return JSON.readValue(file.toFile(), Made.class);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private void write(QatCandidate candidate, double seconds) {
        AtomicFile.write(
                keyFile(candidate),
                JSON.valueToTree(new Made(dependsOn(candidate), seconds)).toPrettyString() + "\n");
    }

    /** Trains; returns the seconds of all steps, those before a stop included. */
    private double train(QatCandidate candidate, Path folder, TrainingStep.Listener listener) {
        try (TrainingProgress stage = new TrainingProgress(progress, "training " + candidate.name())) {
            training.run(candidate.recipe(), states(candidate), folder, step -> {
                stage.onStep(step.step(), step.totalSteps());
                listener.onStep(step);
            });
        }
        return TrainingLog.read(log(candidate.name())).stream()
                .mapToDouble(TrainingStep::seconds)
                .sum();
    }

    /** Calibrates; returns the seconds that it took. */
    private double calibrate(QatCandidate candidate, Path folder) {
        long began = System.nanoTime();
        GeneratorRollouts rollouts = new GeneratorRollouts(generator, settings.calibrationPrompts(), CALIBRATION_SEED);
        QuantContext context = new QuantContext(model.transformer(), rollouts, null, progress, 2);
        try (QuantPlan plan = candidate.recipe().plan(context)) {
            model.pack(folder, plan, candidate.recipe());
        }
        return (System.nanoTime() - began) / 1e9;
    }

    /** The full-precision model itself: how often its videos fulfil their prompts. */
    public QatScore fullPrecision() {
        return scored(
                "",
                "full-precision",
                "bf16",
                false,
                generator,
                model.transformer().fullPrecision(),
                0);
    }

    private QatScore scored(
            String key,
            String name,
            String setting,
            boolean trained,
            Generator own,
            SiteForward sites,
            double seconds) {
        reference();
        List<Double> errors = new ArrayList<>();
        List<Double> psnr = new ArrayList<>();
        List<Double> words = new ArrayList<>();
        List<Double> allRight = new ArrayList<>();
        try (Progress.Stage stage =
                progress.begin("evaluating " + name, settings.prompts().size())) {
            for (int i = 0; i < settings.prompts().size(); i++) {
                try (TensorScope scope = TensorScope.open()) {
                    String prompt = settings.prompts().get(i);
                    Tensor made = own.latents(
                            prompt, settings.seed() + i, sites, own.model().kv().stores());
                    Tensor video = own.decode(made);
                    errors.add(Arrays.stream(
                                    new LatentError().perFrame(latents.get(i).squeeze(0), made.squeeze(0)))
                            .average()
                            .orElseThrow());
                    psnr.add(Arrays.stream(new Psnr().perFrame(videos.get(i), video))
                            .average()
                            .orElseThrow());
                    SemanticCheck check =
                            new SemanticChecker(WorldSpec.DEFAULT).check(Tensors.toBytes(Frames.bytes(video)), prompt);
                    words.add(share(check));
                    allRight.add(check.allRight() ? 1.0 : 0.0);
                }
                stage.step();
            }
        }
        return new QatScore(
                key, name, setting, trained, own.model().transformerBytes(), errors, psnr, words, allRight, seconds);
    }

    private static double share(SemanticCheck check) {
        return Stream.of(
                        check.colorRight(),
                        check.countRight(),
                        check.kindRight(),
                        check.sizeRight(),
                        check.directionRight(),
                        check.speedRight(),
                        check.backgroundRight())
                .mapToDouble(right -> right ? 1 : 0)
                .average()
                .orElseThrow();
    }

    private void reference() {
        if (latents.size() == settings.prompts().size()) {
            return;
        }
        try (Progress.Stage stage =
                progress.begin("full precision", settings.prompts().size() - latents.size())) {
            for (int i = latents.size(); i < settings.prompts().size(); i++) {
                try (TensorScope scope = TensorScope.open()) {
                    Tensor made = generator.latents(
                            settings.prompts().get(i),
                            settings.seed() + i,
                            model.transformer().fullPrecision());
                    latents.add(TensorScope.own(made));
                    videos.add(TensorScope.own(generator.decode(made)));
                }
                stage.step();
            }
        }
    }

    /** The log of a training, as far as it has come. */
    public Path log(String name) {
        return settings.run().resolve("states").resolve(name).resolve(QatRun.LOG);
    }

    private Path folder(QatCandidate candidate) {
        return settings.run().resolve("models").resolve(candidate.name());
    }

    private Path keyFile(QatCandidate candidate) {
        return settings.run().resolve("models").resolve(candidate.name() + ".key");
    }

    private Path states(QatCandidate candidate) {
        return settings.run().resolve("states").resolve(candidate.name());
    }

    @Override
    public void close() {
        latents.forEach(Tensor::close);
        videos.forEach(Tensor::close);
    }
}
