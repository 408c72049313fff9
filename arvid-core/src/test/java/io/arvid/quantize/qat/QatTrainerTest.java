package io.arvid.quantize.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.arvid.model.SiteForward;
import io.arvid.model.wan.WanTransformer;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.qvgen.Follow;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.record.TrainingStep;
import io.arvid.rollout.DenseKvStore;
import io.arvid.rollout.NoiseSource;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutListener;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.SafetensorsFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class QatTrainerTest {
    @TempDir
    Path folder;

    private TinyStudent tiny;

    @BeforeEach
    void open() {
        Torch.setThreads(1);
        tiny = new TinyStudent();
    }

    @AfterEach
    void close() {
        tiny.close();
    }

    private QatTrainer.Result train(QatRecipe recipe, String state, TrainingStep.Listener listener) {
        try (QatTrainer trainer = tiny.trainer(recipe)) {
            return trainer.train(folder.resolve(state), listener);
        }
    }

    private Tensor rollOut(WanTransformer model, SiteForward sites) {
        try (Seeds seeds = new Seeds(8)) {
            return new Rollout(model, TinyStudent.ROLLOUT, sites, DenseKvStore::new, RolloutListener.NONE)
                    .run(tiny.noise(4), tiny.text(0).unsqueeze(0), NoiseSource.seeded(seeds));
        }
    }

    @ParameterizedTest
    @EnumSource(QatRecipe.Context.class)
    void trainsInEveryContextAndLosesItsRank(QatRecipe.Context context) {
        List<TrainingStep> steps = new ArrayList<>();
        try (QatTrainer.Result result = train(TinyStudent.recipe(context), "state", steps::add)) {
            assertThat(steps).extracting(TrainingStep::rank).containsExactly(4, 4, 4, 2, 2, 2, 1, 1, 1);
            assertThat(steps)
                    .allSatisfy(step -> assertThat(step.loss()).isPositive().isFinite());
            assertThat(result.plan().layers()).isNotEmpty();
        }
    }

    @Test
    void withoutTheModuleTheStudentIsThePlanBitForBit() {
        QatRecipe recipe = TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED);
        try (QatTrainer.Result result = train(recipe, "state", step -> {});
                TensorScope scope = TensorScope.open()) {
            WanTransformer trained = new WanTransformer(TinyStudent.CONFIG, result.weights());
            try (FakeQuantForward planned = new FakeQuantForward(trained, result.plan())) {
                Tensor expected = rollOut(trained, planned);
                byte[] ofStudent = Torch.withoutGradients(() -> Tensors.toBytes(studentRollOut(recipe, "state")));
                assertThat(ofStudent).isEqualTo(Tensors.toBytes(expected));
                assertThat(ofStudent).isNotEqualTo(Tensors.toBytes(rollOut(trained, trained.fullPrecision())));
            }
        }
    }

    /** What the student itself computes after its last step, with Φ gone. */
    private Tensor studentRollOut(QatRecipe recipe, String state) {
        QatStart start = QatStart.of(tiny.teacher, recipe, site -> TinyStudent.ones(1));
        try (ParameterGroups groups = new ParameterGroups(start, recipe);
                SelfForcedClips none = new SelfForcedClips(TinyStudent.ROLLOUT, DenseKvStore::new, 1)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            try (var saved = SafetensorsFile.open(folder.resolve(state))) {
                groups.restore(saved, groups.steps());
                tensors.putAll(groups.views());
                try (QatModel student = new QatModel(TinyStudent.CONFIG, recipe, 1000, tensors)) {
                    return rollOut(student.transformer(), student.rollOutSites(QatLayer.Fading.GONE));
                }
            }
        }
    }

    /** A phase begins with the fourth step and the seventh: the run goes on exactly there, or in the middle of a phase. */
    @ParameterizedTest
    @CsvSource({"TEACHER_FORCED, 3", "TEACHER_FORCED, 4", "SELF_FORCED, 3", "SELF_FORCED, 4"})
    void aStoppedRunGoesOnToTheSameEnd(QatRecipe.Context context, int saved) throws Exception {
        QatRecipe plain = TinyStudent.recipe(context);
        QatRecipe.Auxiliary a = plain.auxiliary();
        QatRecipe recipe = saving(
                saved,
                with(
                        plain,
                        new QatRecipe.Auxiliary(
                                a.rank(), a.phaseSteps(), a.warmUp(), a.decay(), a.initialIterations(), true),
                        // Fast enough for some scales to arrive at their least value.
                        new QatRecipe.Rates(1e-3, 1e-2, 1e-3, 1e-2, 0.1),
                        averaging(plain.optimizer(), 0.5)));
        List<Double> straight = new ArrayList<>();
        try (QatTrainer.Result whole = train(recipe, "whole", step -> straight.add(step.loss()))) {
            assertThatThrownBy(() -> train(recipe, "stopped", step -> {
                        if (step.step() == 6) {
                            throw new IllegalStateException("stopped");
                        }
                    }))
                    .hasMessage("stopped");
            assertThat(folder.resolve("stopped")).exists();
            List<Double> rest = new ArrayList<>();
            try (QatTrainer.Result resumed = train(recipe, "stopped", step -> rest.add(step.loss()))) {
                assertThat(rest).isEqualTo(straight.subList(saved, 9));
                resumed.plan().layers().forEach((site, layer) -> {
                    assertThat(Tensors.toBytes(layer.codes()))
                            .as(site.name())
                            .isEqualTo(Tensors.toBytes(
                                    whole.plan().layers().get(site).codes()));
                    assertThat(layer.input())
                            .isEqualTo(whole.plan().layers().get(site).input());
                });
            }
        }
        assertThat(Files.readAllBytes(folder.resolve("stopped")))
                .isEqualTo(Files.readAllBytes(folder.resolve("whole")));
    }

    @Test
    void aStateOfAnotherRecipeIsRefused() {
        QatRecipe recipe = TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED).withSteps(3);
        train(recipe, "state", step -> {}).close();
        assertThatThrownBy(() -> train(recipe.withSeed(9), "state", step -> {}).close())
                .hasMessageContaining("another run: seed (3 there, 9 here);");
    }

    @Test
    void aStateOfAnotherModelOrSamplerIsRefused() {
        QatRecipe recipe = TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED).withSteps(3);
        train(recipe, "state", step -> {}).close();
        QatSampling other = new QatSampling(2, new float[] {999, 500}, 4);
        try (QatTrainer trainer =
                new QatTrainer("qvgen", "another", tiny.teacher, recipe, tiny, other, TinyStudent.ROLLOUT)) {
            assertThatThrownBy(() ->
                            trainer.train(folder.resolve("state"), step -> {}).close())
                    .hasMessageContaining("model (tiny there, another here), timesteps (")
                    .hasMessageContaining("[999.0, 500.0] here), shift (5.0 there, 4.0 here);")
                    .hasMessageNotContaining("seed");
        }
    }

    @Test
    void ratesAndClippingMayChangeBetweenTwoParts() throws Exception {
        QatRecipe recipe = TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED);
        assertThatThrownBy(() -> train(recipe, "state", step -> {
                    if (step.step() == 6) {
                        throw new IllegalStateException("stopped");
                    }
                }))
                .hasMessage("stopped");
        QatRecipe.Optimizers o = recipe.optimizer();
        QatRecipe slower = with(
                recipe,
                recipe.auxiliary(),
                new QatRecipe.Rates(1e-4, 1e-4, 1e-4, 1e-3, 0),
                new QatRecipe.Optimizers(o.muon(), o.beta1(), o.beta2(), o.weightDecay(), 0.5, o.averageDecay()));
        List<TrainingStep> rest = new ArrayList<>();
        train(slower, "state", rest::add).close();
        assertThat(rest).extracting(TrainingStep::step).containsExactly(5L, 6L, 7L, 8L, 9L);
        assertThat(rest.getFirst().rates().get("weights")).isLessThanOrEqualTo(1e-4);
        assertThat(Files.readAllLines(folder.resolve(QatState.CHANGES)))
                .singleElement()
                .satisfies(
                        line -> assertThat(line).startsWith("after step 4: ").contains("clipNorm 0.5", "clipNorm 1.0"));
        QatRecipe otherDecay = with(
                recipe,
                recipe.auxiliary(),
                recipe.rates(),
                new QatRecipe.Optimizers(o.muon(), o.beta1(), 0.5, o.weightDecay(), o.clipNorm(), o.averageDecay()));
        assertThatThrownBy(() -> train(otherDecay, "state", step -> {}).close()).hasMessageContaining("optimizer (");
    }

    private static QatRecipe with(
            QatRecipe r, QatRecipe.Auxiliary auxiliary, QatRecipe.Rates rates, QatRecipe.Optimizers optimizer) {
        return new QatRecipe(
                r.scheme(),
                r.seed(),
                r.follow(),
                r.weights(),
                r.inputs(),
                auxiliary,
                r.loss(),
                rates,
                optimizer,
                r.training());
    }

    @Test
    void stopsWhereNumbersAreNoLongerFinite() {
        QatRecipe recipe = TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED);
        tiny.latents(0, 1).fill_(new Scalar(Double.NaN));
        for (int clip = 1; clip < 6; clip++) {
            tiny.latents(clip, 1).fill_(new Scalar(Double.NaN));
        }
        List<TrainingStep> heard = new ArrayList<>();
        assertThatThrownBy(() -> train(recipe, "state", heard::add))
                .isInstanceOf(DivergedException.class)
                .hasMessageContaining("step 1: the loss is NaN");
        assertThat(heard).singleElement().extracting(TrainingStep::loss).isEqualTo(Double.NaN);
        assertThat(folder.resolve("state")).doesNotExist();
    }

    @Test
    void checkpointingGivesTheSameRun() {
        QatRecipe plain = TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED).withSteps(3);
        QatRecipe.Training t = plain.training();
        QatRecipe checkpointed = new QatRecipe(
                plain.scheme(),
                plain.seed(),
                plain.follow(),
                plain.weights(),
                plain.inputs(),
                plain.auxiliary(),
                plain.loss(),
                plain.rates(),
                plain.optimizer(),
                new QatRecipe.Training(
                        t.context(),
                        t.steps(),
                        t.batch(),
                        t.chunks(),
                        t.clips(),
                        t.rolloutShare(),
                        t.contextNoise(),
                        t.captionDropout(),
                        t.refreshEvery(),
                        t.pool(),
                        t.precision(),
                        true,
                        t.saveEvery()));
        List<TrainingStep> one = new ArrayList<>();
        List<TrainingStep> other = new ArrayList<>();
        train(plain, "plain", one::add).close();
        train(checkpointed, "checkpointed", other::add).close();
        for (int i = 0; i < one.size(); i++) {
            assertThat(other.get(i).loss()).isCloseTo(one.get(i).loss(), withinPercentage(0.01));
            assertThat(other.get(i).gradientNorm()).isCloseTo(one.get(i).gradientNorm(), withinPercentage(0.01));
        }
        assertThat(blockLayers(checkpointed)).isEqualTo(2 * blockLayers(plain)).isPositive();
    }

    /** Layers inside blocks that the student computes in one step. */
    private int blockLayers(QatRecipe recipe) {
        int[] count = {0};
        try (TensorScope scope = TensorScope.open();
                QatTrainer trainer = tiny.trainer(recipe);
                QatBatches batches =
                        new QatBatches(TinyStudent.CONFIG, recipe, tiny, QatSampling.of(TinyStudent.ROLLOUT));
                ParameterGroups groups =
                        new ParameterGroups(QatStart.of(tiny.teacher, recipe, site -> TinyStudent.ones(1)), recipe);
                QatModel student = new QatModel(TinyStudent.CONFIG, recipe, 1000, groups.views())) {
            QatBatches.Batch batch = batches.fromData(0);
            SiteForward sites = student.sites(batch.timesteps(), QatLayer.Fading.GONE);
            trainer.gradients(student, batch, (site, step, input) -> {
                count[0] += site.role().isInBlock() ? 1 : 0;
                return sites.apply(site, step, input);
            });
        }
        return count[0];
    }

    @Test
    void staticInputsAndAdaptersTrainToo() {
        QatRecipe efficient = QatMethod.efficientDm().defaults();
        QatRecipe tinyRecipe = TinyStudent.with(
                TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED).withSteps(3),
                new InputRule.Stepwise(IntGrid.asymmetric(6), new StepBuckets.ByTimestep(5)));
        QatRecipe recipe = new QatRecipe(
                tinyRecipe.scheme(),
                0,
                efficient.follow(),
                new QatRecipe.Weights(QatRecipe.Trained.ADAPTER, 4, true, 2),
                tinyRecipe.inputs(),
                efficient.auxiliary(),
                new QatRecipe.Loss(true, 5),
                tinyRecipe.rates(),
                tinyRecipe.optimizer(),
                tinyRecipe.training());
        List<TrainingStep> steps = new ArrayList<>();
        try (QatTrainer.Result result = train(recipe, "state", steps::add)) {
            result.weights()
                    .entries()
                    .forEach((name, tensor) -> assertThat(Tensors.toBytes(tensor))
                            .as(name)
                            .isEqualTo(Tensors.toBytes(tiny.teacher.weights().get(name))));
            assertThat(steps)
                    .hasSize(3)
                    .allSatisfy(step -> assertThat(step.rank()).isZero());
        }
    }

    @Test
    void theModuleLowersTheFirstLossAndItsGradients() {
        QatRecipe with = TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED).withSteps(3);
        QatRecipe without = new QatRecipe(
                with.scheme(),
                with.seed(),
                with.follow(),
                with.weights(),
                with.inputs(),
                new QatRecipe.Auxiliary(0, 0, 0, with.auxiliary().decay(), 1, false),
                with.loss(),
                with.rates(),
                with.optimizer(),
                with.training());
        List<TrainingStep> steps = new ArrayList<>();
        train(with, "with", steps::add).close();
        train(without, "without", steps::add).close();
        TrainingStep first = steps.get(0);
        TrainingStep plain = steps.get(3);
        assertThat(first.loss()).isLessThan(plain.loss());
        assertThat(first.groupNorms().get("weights"))
                .isLessThan(plain.groupNorms().get("weights"));
        assertThat(first.groupNorms().get("quantizers"))
                .isLessThan(plain.groupNorms().get("quantizers"));
    }

    @Test
    void theResultIsTheMovingAverageOfTheWeights() {
        QatRecipe r = TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED).withSteps(3);
        QatRecipe.Optimizers o = r.optimizer();
        QatRecipe recipe = saving(1, with(r, r.auxiliary(), r.rates(), averaging(o, 0.2)));
        List<double[]> values = new ArrayList<>();
        List<double[]> averages = new ArrayList<>();
        TrainingStep.Listener listener = step -> {
            if (step.step() > 1) {
                values.add(saved("state", "weights.values"));
                averages.add(saved("state", "weights.average"));
            }
        };
        try (QatTrainer.Result result = train(recipe, "state", listener);
                TensorScope scope = TensorScope.open()) {
            double[] second = between(values.get(1), averages.get(0), 0.2);
            assertThat(averages.get(1)).containsExactly(second, within(1e-6));
            double[] last = saved("state", "weights.values");
            double[] found = Tensors.toDoubles(Ops.cat(
                    0,
                    result.weights().entries().values().stream()
                            .map(Tensor::flatten)
                            .toList()));
            assertThat(found).containsExactly(between(last, second, 0.2), within(1e-6)); // float32 values of about 1
            assertThat(found).isNotEqualTo(last);
        }
    }

    @Test
    void momentsAreForgottenWhereTheModuleIsSorted() {
        QatRecipe kept = saving(1, TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED));
        QatRecipe.Auxiliary a = kept.auxiliary();
        QatRecipe reset = with(
                kept,
                new QatRecipe.Auxiliary(a.rank(), a.phaseSteps(), a.warmUp(), a.decay(), a.initialIterations(), true),
                kept.rates(),
                kept.optimizer());
        // Rank 4 becomes 2 before the fourth step, the first whose gradients the forgotten moments hold.
        List<double[]> before = momentsAfter(kept, "kept");
        List<double[]> after = momentsAfter(reset, "reset");
        assertThat(after.get(0)).isEqualTo(before.get(0));
        double[] ofThatStep = new double[before.get(1).length];
        Arrays.setAll(ofThatStep, i -> before.get(1)[i] - kept.optimizer().beta2() * before.get(0)[i]);
        assertThat(after.get(1)).containsExactly(ofThatStep, within(1e-7));
        assertThat(Arrays.stream(before.get(0)).max().orElseThrow()).isGreaterThan(1e-5);
    }

    @Test
    void whileTheModuleWarmsUpNothingElseMoves() {
        QatRecipe plain = saving(1, TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED));
        QatRecipe.Auxiliary a = plain.auxiliary();
        QatRecipe recipe = with(
                plain,
                new QatRecipe.Auxiliary(a.rank(), 1, 3, a.decay(), a.initialIterations(), a.resetMoments()),
                plain.rates(),
                plain.optimizer());
        List<TrainingStep> steps = new ArrayList<>();
        List<double[]> weights = new ArrayList<>();
        List<double[]> modules = new ArrayList<>();
        // What is saved when a step is heard of is what the steps before it made.
        train(recipe, "state", step -> {
                    steps.add(step);
                    if (step.step() > 1) {
                        weights.add(saved("state", "weights.values"));
                        modules.add(saved("state", "auxiliary.values"));
                    }
                })
                .close();
        assertThat(steps).extracting(TrainingStep::rank).containsExactly(4, 4, 4, 4, 2, 1, 0, 0, 0);
        for (int i = 0; i < 9; i++) {
            assertThat(steps.get(i).rates().get("weights") > 0).as("step " + i).isEqualTo(i >= 3);
            assertThat(steps.get(i).rates().get("auxiliary") > 0)
                    .as("step " + i)
                    .isEqualTo(i < 6);
        }
        assertThat(weights.get(2)).isEqualTo(weights.get(0));
        assertThat(weights.get(3)).isNotEqualTo(weights.get(2));
        assertThat(modules.get(2)).isNotEqualTo(modules.get(0));
    }

    /** Second moments of Φ after three steps and after four. */
    private List<double[]> momentsAfter(QatRecipe recipe, String state) {
        List<double[]> moments = new ArrayList<>();
        assertThatThrownBy(() -> train(recipe, state, step -> {
                    if (step.step() > 3) {
                        moments.add(saved(state, "auxiliary.moment2"));
                    }
                    if (step.step() == 5) {
                        throw new IllegalStateException("stopped");
                    }
                }))
                .hasMessage("stopped");
        return moments;
    }

    private static QatRecipe.Optimizers averaging(QatRecipe.Optimizers o, double decay) {
        return new QatRecipe.Optimizers(o.muon(), o.beta1(), o.beta2(), o.weightDecay(), o.clipNorm(), decay);
    }

    private static QatRecipe saving(int every, QatRecipe r) {
        QatRecipe.Training t = r.training();
        return new QatRecipe(
                r.scheme(),
                r.seed(),
                r.follow(),
                r.weights(),
                r.inputs(),
                r.auxiliary(),
                r.loss(),
                r.rates(),
                r.optimizer(),
                new QatRecipe.Training(
                        t.context(),
                        t.steps(),
                        t.batch(),
                        t.chunks(),
                        t.clips(),
                        t.rolloutShare(),
                        t.contextNoise(),
                        t.captionDropout(),
                        t.refreshEvery(),
                        t.pool(),
                        t.precision(),
                        t.checkpointing(),
                        every));
    }

    private double[] saved(String state, String name) {
        try (var file = SafetensorsFile.open(folder.resolve(state))) {
            return Tensors.toDoubles(file.get(name));
        }
    }

    private static double[] between(double[] from, double[] to, double share) {
        double[] between = new double[from.length];
        Arrays.setAll(between, i -> from[i] + share * (to[i] - from[i]));
        return between;
    }

    @Test
    void theTextPathLearnsWhereTheSamplerBegins() {
        QatRecipe plain = TinyStudent.recipe(QatRecipe.Context.BIDIRECTIONAL);
        QatRecipe recipe = new QatRecipe(
                plain.scheme(),
                plain.seed(),
                Follow.CODE,
                plain.weights(),
                plain.inputs(),
                plain.auxiliary(),
                plain.loss(),
                plain.rates(),
                plain.optimizer(),
                plain.training());
        QatSampling sampling = new QatSampling(2, new float[] {999, 500}, 5);
        try (QatTrainer trainer = new QatTrainer("qvgen", "tiny", tiny.teacher, recipe, tiny, sampling, null);
                QatTrainer.Result result = trainer.train(folder.resolve("state"), step -> {})) {
            result.plan().layers().forEach((site, layer) -> {
                if (site.role().isTextPath()) {
                    List<InputPlan> factors = ((InputPlan.Stepwise) layer.input()).plans();
                    assertThat(factors.get(999 % 5)).as(site.name()).isNotEqualTo(factors.get(1000 % 5));
                    assertThat(factors.subList(0, 4)).containsOnly(factors.getFirst());
                }
            });
        }
    }

    @Test
    void dsaQuantWeighsTheTeacherByTimestep() {
        QatLoss loss = new QatLoss(new QatRecipe.Loss(true, 5));
        assertThat(loss.teacherShare(1000)).isEqualTo(1);
        assertThat(loss.teacherShare(0)).isZero();
        assertThat(loss.teacherShare(500)).isCloseTo((Math.exp(2.5) - 1) / (Math.exp(5) - 1), within(1e-12));
        assertThat(new QatLoss(new QatRecipe.Loss(true, 0)).teacherShare(123)).isEqualTo(1);
    }
}
