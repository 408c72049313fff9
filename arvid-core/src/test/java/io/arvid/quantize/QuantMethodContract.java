package io.arvid.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.InputTap;
import io.arvid.calibrate.Recording;
import io.arvid.calibrate.SensitivityLog;
import io.arvid.kernel.Activation;
import io.arvid.kernel.KernelBound;
import io.arvid.kernel.KernelCatalogue;
import io.arvid.kernel.QuantGemm;
import io.arvid.kernel.RoundedInput;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.pack.LayerFiles;
import io.arvid.pack.PackedLayer;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.fake.FakeQuantLayer;
import io.arvid.quantize.minmax.MinMax;
import io.arvid.quantize.minmax.MinMaxRecipe;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.Progress;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What holds for every method: subclasses name the method and a recipe that is quick on {@link TinyModel}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class QuantMethodContract<R extends Recipe> {
    private final TinyModel tiny = new TinyModel(7);
    private QuantPlan plan;

    /** The method. */
    abstract QuantMethod<R> method();

    /** A recipe for two prompts or fewer. */
    abstract R recipe();

    /** True for methods that minimize layer errors on their calibration inputs. */
    boolean isReconstruction() {
        return false;
    }

    private QuantContext context() {
        return QuantContext.of(tiny.model(), tiny.rollouts(2));
    }

    @BeforeAll
    void planOnce() {
        Torch.setThreads(1);
        plan = method().plan(context(), recipe());
    }

    @AfterAll
    void close() {
        plan.close();
        tiny.close();
    }

    @Test
    void plansEveryLayerOfTheScheme() {
        assertThat(List.copyOf(plan.layers().sequencedKeySet()))
                .isEqualTo(recipe().scheme().sites(tiny.model()));
        assertThat(plan.method()).isEqualTo(method().id());
        plan.layers().forEach((site, layer) -> {
            assertThat(layer.inFeatures()).isEqualTo(site.inFeatures());
            assertThat(layer.outFeatures()).isEqualTo(site.outFeatures());
        });
    }

    @Test
    void theSameSeedGivesTheSamePlan() {
        try (QuantPlan again = method().plan(context(), recipe())) {
            plan.layers().forEach((site, layer) -> {
                LayerPlan other = again.layers().get(site);
                assertThat(other.input()).isEqualTo(layer.input());
                List<Tensor> tensors = layer.tensors();
                for (int i = 0; i < tensors.size(); i++) {
                    assertThat(Tensors.toBytes(other.tensors().get(i)))
                            .as(site.name())
                            .isEqualTo(Tensors.toBytes(tensors.get(i)));
                }
            });
        }
    }

    @Test
    void aStateOnDiskGivesTheSamePlan(@TempDir Path folder) {
        try (TinyModel.Prompts prompts = tiny.prompts(2);
                QuantPlan inMemory = method().plan(QuantContext.of(tiny.model(), prompts.inMemory()), recipe());
                QuantPlan onDisk = method().plan(onDisk(prompts, folder), recipe());
                QuantPlan again = method().plan(onDisk(prompts, folder), recipe())) {
            for (QuantPlan plan : List.of(onDisk, again)) {
                inMemory.layers().forEach((site, layer) -> {
                    LayerPlan other = plan.layers().get(site);
                    assertThat(other.input()).as(site.name()).isEqualTo(layer.input());
                    assertThat(Tensors.toBytes(other.codes()))
                            .as(site.name())
                            .isEqualTo(Tensors.toBytes(layer.codes()));
                    assertThat(Tensors.toBytes(other.scales()))
                            .as(site.name())
                            .isEqualTo(Tensors.toBytes(layer.scales()));
                });
            }
        }
    }

    /** Roll-outs and layers that are kept in {@code folder}, as those of a published model are. */
    private QuantContext onDisk(TinyModel.Prompts prompts, Path folder) {
        return keeping(prompts.onDisk(folder.resolve("rollouts")), folder);
    }

    /** Layers that are finished are kept in {@code folder}. */
    private QuantContext keeping(CalibrationRollouts rollouts, Path folder) {
        return new QuantContext(
                tiny.model(),
                rollouts,
                null,
                SensitivityLog.inMemory(),
                Progress.SILENT,
                1,
                new LayerFiles(folder.resolve("layers")));
    }

    /** Fails unless a run that goes on from what another one kept in {@code folder} gives the same plan without a recorded token. */
    void assertThatSearchesAreNotRepeated(R recipe, Path folder) {
        CalibrationRollouts unrecorded = new ForwardedRollouts(tiny.rollouts(2)) {
            @Override
            public Recording record(String name, int prompts, Wanted wanted, SiteForward sites, Progress progress) {
                return new ActivationTape(wanted);
            }
        };
        try (QuantPlan whole = method().plan(keeping(tiny.rollouts(2), folder), recipe);
                QuantPlan resumed = method().plan(keeping(unrecorded, folder), recipe)) {
            whole.layers().forEach((site, layer) -> {
                LayerPlan other = resumed.layers().get(site);
                assertThat(other.input()).as(site.name()).isEqualTo(layer.input());
                assertThat(Tensors.toBytes(other.codes())).as(site.name()).isEqualTo(Tensors.toBytes(layer.codes()));
                assertThat(Tensors.toBytes(other.scales())).as(site.name()).isEqualTo(Tensors.toBytes(layer.scales()));
            });
        }
    }

    @Test
    void packingAndUnpackingReturnTheLayers(@TempDir Path folder) {
        LayerFiles files = new LayerFiles(folder);
        plan.layers().forEach((site, layer) -> {
            files.put(site, layer);
            try (TensorScope scope = TensorScope.open()) {
                LayerPlan read = files.find(site).orElseThrow();
                assertThat(read.grid()).as(site.name()).isEqualTo(layer.grid());
                assertThat(read.input()).as(site.name()).isEqualTo(layer.input());
                List<Tensor> tensors = layer.tensors();
                assertThat(read.tensors()).as(site.name()).hasSameSizeAs(tensors);
                for (int i = 0; i < tensors.size(); i++) {
                    assertThat(read.tensors().get(i).equal(tensors.get(i)))
                            .as(site.name() + ", tensor " + i)
                            .isTrue();
                }
            }
        });
    }

    @Test
    void severalWorkersGiveTheSameCodes() {
        QuantContext one = context();
        QuantContext several = new QuantContext(one.model(), one.rollouts(), null, one.progress(), 3);
        try (QuantPlan again = method().plan(several, recipe())) {
            plan.layers()
                    .forEach((site, layer) -> assertThat(
                                    Tensors.toBytes(again.layers().get(site).codes()))
                            .as(site.name())
                            .isEqualTo(Tensors.toBytes(layer.codes())));
        }
    }

    @Test
    void codesAreInsideTheGrid() {
        plan.layers().forEach((site, layer) -> {
            for (long code : Tensors.toLongs(layer.codes())) {
                assertThat(code).as(site.name()).isBetween((long) layer.grid().lowest(), (long)
                        layer.grid().highest());
            }
        });
    }

    @Test
    void scalesArePositiveAndZerosFinite() {
        plan.layers().forEach((site, layer) -> {
            for (float scale : Tensors.toFloats(layer.scales())) {
                assertThat(scale).as(site.name()).isPositive().isFinite();
            }
            for (float zero : Tensors.toFloats(layer.zeros())) {
                assertThat(zero).as(site.name()).isFinite();
            }
        });
    }

    @Test
    void theModelIsUnchanged() {
        try (TinyModel fresh = new TinyModel(7)) {
            tiny.weights()
                    .entries()
                    .forEach((name, tensor) -> assertThat(Tensors.toBytes(tensor))
                            .as(name)
                            .isEqualTo(Tensors.toBytes(fresh.weights().get(name))));
        }
    }

    @Test
    void theSimulationFollowsTheModel() {
        try (TensorScope scope = TensorScope.open();
                FakeQuantForward quantized = new FakeQuantForward(tiny.model(), plan)) {
            Tensor reference = context().rollouts().latents(0, tiny.model().fullPrecision());
            double error = meanSquare(context().rollouts().latents(0, quantized).sub(reference));
            assertThat(error).isPositive().isLessThan(0.2 * meanSquare(reference));
            assertThat(meanSquare(context()
                            .rollouts()
                            .latents(0, quantized.where((site, step) -> false))
                            .sub(reference)))
                    .isZero();
        }
    }

    @Test
    void layerErrorsAreNoWorseThanRoundingToNearest() {
        if (!isReconstruction()) {
            return;
        }
        MinMaxRecipe nearest = new MinMaxRecipe(recipe().scheme(), 0, io.arvid.quantize.fit.RangeRule.PERCENTILE, 1, 0);
        try (QuantPlan rounded = new MinMax().plan(context(), nearest)) {
            Map<LinearSite, Double> errors = layerErrors(plan);
            Map<LinearSite, Double> errorsOfRounding = layerErrors(rounded);
            errors.forEach(
                    (site, error) -> assertThat(error).as(site.name()).isLessThanOrEqualTo(errorsOfRounding.get(site)));
        }
    }

    @Test
    void theKernelAgreesWithTheSimulation() {
        RolloutStep step = RolloutStep.wholeClip(1, 0);
        try (TensorScope scope = TensorScope.open();
                RoundedInput shared = new RoundedInput();
                ActivationTape tape = new ActivationTape(plan.layers()::containsKey, 0, 0)) {
            context().rollouts().latents(0, new InputTap(tiny.model().fullPrecision(), tape));
            plan.layers().forEach((site, layer) -> {
                Tensor bias = tiny.model().bias(site);
                try (TensorScope each = TensorScope.open();
                        FakeQuantLayer simulated = new FakeQuantLayer(layer, bias);
                        QuantGemm kernel = KernelCatalogue.BEST.prepare(PackedLayer.of(layer), bias)) {
                    Tensor inputs = Ops.toF32(tape.samples(site).inputs()).reshape(-1, site.inFeatures());
                    Tensor expected = simulated.apply(step, inputs);
                    Tensor actual = kernel.multiply(step, inputs, shared, Activation.NONE);
                    Tensor excess = actual.sub(expected).abs().sub(KernelBound.of(layer, step, bias, inputs, expected));
                    assertThat(Tensors.item(Ops.amax(excess, false, 0, 1)))
                            .as(site.name())
                            .isLessThanOrEqualTo(0);
                }
            });
        }
    }

    /** Mean squared output error of each layer on the full-precision inputs of prompt 0. */
    private Map<LinearSite, Double> layerErrors(QuantPlan plan) {
        Map<LinearSite, Double> errors = new LinkedHashMap<>();
        try (TensorScope scope = TensorScope.open();
                ActivationTape tape = new ActivationTape(plan.layers()::containsKey, 0, 0)) {
            context().rollouts().latents(0, new InputTap(tiny.model().fullPrecision(), tape));
            plan.layers().forEach((site, layer) -> {
                try (TensorScope each = TensorScope.open();
                        FakeQuantLayer quantized =
                                new FakeQuantLayer(layer, tiny.model().bias(site))) {
                    Tensor inputs = tape.samples(site).inputs();
                    Tensor expected = Ops.linear(
                            inputs, tiny.model().weight(site), tiny.model().bias(site));
                    errors.put(
                            site,
                            meanSquare(quantized
                                    .apply(RolloutStep.wholeClip(1, 0), inputs)
                                    .sub(expected)));
                }
            });
        }
        return errors;
    }

    private static double meanSquare(Tensor x) {
        return Tensors.item(Ops.mean(x.mul(x).reshape(-1), false, 0));
    }
}
