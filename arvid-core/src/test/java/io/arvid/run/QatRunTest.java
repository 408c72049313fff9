package io.arvid.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.SiteForward;
import io.arvid.model.wan.WanTransformer;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.qat.QatRecipe;
import io.arvid.quantize.qat.QatTrainer;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.record.TrainingLog;
import io.arvid.record.TrainingStep;
import io.arvid.rollout.DenseKvStore;
import io.arvid.rollout.NoiseSource;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutListener;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QatRunTest {
    private static final Path BUNDLED = Path.of("..", "models", "shapes");
    private static final Path RECIPE = Path.of("..", "recipes", "qvgen-w4a4.json");
    private static final List<String> SKIPPED =
            List.of("time_embedding", "time_projection", "head", "text_embedding", "self_attn", "ffn.0");
    private static final String PROMPT = "a large red circle moving left quickly on a navy background";

    @TempDir
    Path folder;

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    /** QVGen with a rank of 4 on half of the layers: six steps of one clip of two chunks. */
    private static RecipeFile<?> recipe() {
        RecipeFile<?> file = RecipeFile.read(RECIPE);
        QatRecipe r = QatRun.trained(file);
        QatRecipe.Training t = r.training();
        QatRecipe small = new QatRecipe(
                new Scheme(
                        r.scheme().weights(),
                        r.scheme().inputs(),
                        SKIPPED,
                        r.scheme().kv()),
                r.seed(),
                r.follow(),
                r.weights(),
                r.inputs(),
                new QatRecipe.Auxiliary(4, 0, 0, r.auxiliary().decay(), 1, false),
                r.loss(),
                r.rates(),
                r.optimizer(),
                new QatRecipe.Training(
                        t.context(),
                        6,
                        1,
                        2,
                        4,
                        t.rolloutShare(),
                        t.contextNoise(),
                        t.captionDropout(),
                        t.refreshEvery(),
                        t.pool(),
                        t.precision(),
                        false,
                        6));
        return RecipeFile.of(file, small);
    }

    @Test
    void thePackedModelComputesWhatWasTrained() {
        Path states = folder.resolve("states");
        Path packed = folder.resolve("packed");
        List<TrainingStep> steps = new ArrayList<>();
        try (ModelFolder model = ModelFolder.open(BUNDLED);
                Generator generator = new Generator(model)) {
            QatRun run = new QatRun(generator);
            run.run(recipe(), states, packed, steps::add);
            assertThat(steps).extracting(TrainingStep::rank).containsExactly(4, 4, 2, 2, 1, 1);
            assertThat(TrainingLog.read(states.resolve(QatRun.LOG))).isEqualTo(steps);
            try (StateFolder state = StateFolder.open(states, Map.of());
                    QatTrainer.Result result = run.train(recipe(), state, steps::add);
                    WeightMap rounded = result.weights().to(DTypes.BF16);
                    WeightMap stored = rounded.to(DTypes.F32);
                    ModelFolder opened = ModelFolder.open(packed)) {
                assertThat(steps).as("steps after the last").hasSize(6);
                WanTransformer trained = new WanTransformer(model.config().transformer(), stored);
                byte[] expected = latents(generator, trained, result.plan());
                assertThat(latents(generator, opened.transformer(), Objects.requireNonNull(opened.plan())))
                        .isEqualTo(expected);
                assertThat(latents(generator, trained, trained.fullPrecision())).isNotEqualTo(expected);
            }
        }
    }

    private static byte[] latents(Generator generator, WanTransformer transformer, QuantPlan plan) {
        try (FakeQuantForward sites = new FakeQuantForward(transformer, plan)) {
            return latents(generator, transformer, sites);
        }
    }

    /** Two chunks. */
    private static byte[] latents(Generator generator, WanTransformer transformer, SiteForward sites) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(8)) {
            Rollout rollout = new Rollout(
                    transformer, generator.model().config().rollout(), sites, DenseKvStore::new, RolloutListener.NONE);
            return Tensors.toBytes(
                    rollout.run(seeds.normal(1, 6, 16, 8, 8), generator.textStates(PROMPT), NoiseSource.seeded(seeds)));
        }
    }

    @Test
    void oneProcessAtATimeTrains() {
        try (ModelFolder model = ModelFolder.open(BUNDLED);
                Generator generator = new Generator(model);
                StateFolder held = StateFolder.open(folder.resolve("states"), Map.of())) {
            QatRun run = new QatRun(generator);
            assertThatThrownBy(() -> run.run(recipe(), held.folder(), folder.resolve("packed"), step -> {}))
                    .hasMessageContaining("is being used by another process");
        }
    }
}
