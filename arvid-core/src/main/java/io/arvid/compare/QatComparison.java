package io.arvid.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.evaluate.Frames;
import io.arvid.evaluate.LatentError;
import io.arvid.evaluate.Psnr;
import io.arvid.model.SiteForward;
import io.arvid.pack.PackedModelFile;
import io.arvid.pack.PackedSource;
import io.arvid.pack.Packer;
import io.arvid.pack.SourceLayout;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.RecipeFile;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.qat.QatRecipe;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.Progress;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.rollout.train.world.check.SemanticCheck;
import io.arvid.rollout.train.world.check.SemanticChecker;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.ModelFolder;
import io.arvid.run.QatRun;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Trained and calibrated quantization of one model side by side: every recipe that trains with several seeds, every other one at the same bits, all
 * compared with full precision on the same prompts and noise. Models, states and scores stay in the run's folder; what is there is not made again.
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
    public record Settings(Path run, List<String> prompts, long seed, List<String> calibrationPrompts) {}

    private static final long CALIBRATION_SEED = 1_000_000;

    private final Settings settings;
    private final Progress progress;
    private final ModelFolder model;
    private final Generator generator;
    private final List<Tensor> latents = new ArrayList<>();
    private final List<Tensor> videos = new ArrayList<>();

    /** A comparison of quantizations of {@code generator}'s model. */
    public QatComparison(Generator generator, Settings settings, Progress progress) {
        this.generator = generator;
        this.model = generator.model();
        this.settings = settings;
        this.progress = progress;
    }

    /**
     * Trains with {@code seed} and scores; {@code steps} instead of the recipe's where it is not null. A bidirectional model trains on whole clips,
     * whatever context the recipe has ({@link QatRecipe#bidirectional}).
     */
    public QatScore trained(Path recipe, long seed, @Nullable Long steps) {
        String name = nameOf(recipe) + "-seed" + seed;
        return scored(
                name,
                () -> {
                    RecipeFile<?> file = RecipeFile.read(recipe);
                    QatRecipe read = QatRun.trained(file).withSeed(seed);
                    QatRecipe fitting = model.config().sampler() == null ? read : read.bidirectional();
                    QatRecipe own = steps == null ? fitting : fitting.withSteps(steps);
                    Path folder = folder(name);
                    if (!PackedModelFile.isPacked(folder)) {
                        try (Progress.Stage stage = progress.begin(
                                "training " + name, own.training().steps())) {
                            new QatRun(generator)
                                    .run(RecipeFile.of(file, own), states(name), folder, step -> stage.step());
                        }
                    }
                    return setting(recipe);
                },
                true);
    }

    /** How the inputs of a post-training method are quantized in the comparison. */
    public enum Inputs {
        /** As the recipe has them. */
        AS_GIVEN,
        /** By the recipe's rule, with another number of bits. */
        OTHER_BITS,
        /** Dynamic per token, asymmetric, as the trained models have them. */
        PER_TOKEN
    }

    /** Quantizes after calibration, with inputs of {@code inputBits} where {@code inputs} says so, and scores. */
    public QatScore calibrated(Path recipe, Inputs inputs, int inputBits) {
        String base = nameOf(recipe);
        String name = switch (inputs) {
            case AS_GIVEN -> base;
            case OTHER_BITS -> base.replaceAll("-w.*", "");
            case PER_TOKEN -> base.replaceAll("-w.*", "") + "-per-token";
        };
        return scored(
                name,
                () -> {
                    RecipeFile<?> file = withInputs(recipe, inputs, inputBits);
                    Path folder = folder(name);
                    if (!PackedModelFile.isPacked(folder)) {
                        GeneratorRollouts rollouts =
                                new GeneratorRollouts(generator, settings.calibrationPrompts(), CALIBRATION_SEED);
                        QuantContext context = new QuantContext(model.transformer(), rollouts, null, progress, 2);
                        try (QuantPlan plan = file.plan(context);
                                WeightMap stored = model.storedTransformer()) {
                            Packer.write(
                                    folder,
                                    plan,
                                    new PackedSource(stored, model.json(), SourceLayout.WAN, file.json()));
                        }
                        model.copyCompanions(folder);
                    }
                    return "w" + file.recipe().scheme().weights().grid().bits() + "a" + inputBits;
                },
                false);
    }

    /** What makes a packed model and returns its setting. */
    @FunctionalInterface
    private interface Quantization {
        String run();
    }

    private QatScore scored(String name, Quantization quantization, boolean trained) {
        Path file = settings.run().resolve("scores").resolve(name + ".json");
        if (Files.exists(file)) {
            return QatScore.read(file);
        }
        long began = System.nanoTime();
        String setting = quantization.run();
        double seconds = (System.nanoTime() - began) / 1e9;
        try (ModelFolder packed = ModelFolder.open(folder(name));
                Generator own = new Generator(packed);
                FakeQuantForward sites =
                        new FakeQuantForward(packed.transformer(), Objects.requireNonNull(packed.plan()))) {
            return score(name, setting, trained, own, sites, seconds).write(file);
        }
    }

    /** The full-precision model itself: how often its videos fulfil their prompts. */
    public QatScore fullPrecision() {
        return score(
                "full-precision", "bf16", false, generator, model.transformer().fullPrecision(), 0);
    }

    private QatScore score(
            String name, String setting, boolean trained, Generator own, SiteForward sites, double seconds) {
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
        return new QatScore(name, setting, trained, errors, psnr, words, allRight, seconds);
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

    /** The log of a trained model. */
    public Path log(QatScore score) {
        return states(score.name()).resolve(QatRun.LOG);
    }

    private Path folder(String name) {
        return settings.run().resolve("models").resolve(name);
    }

    private Path states(String name) {
        return settings.run().resolve("states").resolve(name);
    }

    private static String nameOf(Path recipe) {
        return recipe.getFileName().toString().replaceAll("\\.json$", "");
    }

    private static String setting(Path recipe) {
        String name = nameOf(recipe);
        return name.substring(name.lastIndexOf('-') + 1);
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

    @Override
    public void close() {
        latents.forEach(Tensor::close);
        videos.forEach(Tensor::close);
    }
}
