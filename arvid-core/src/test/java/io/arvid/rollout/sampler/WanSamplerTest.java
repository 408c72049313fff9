package io.arvid.rollout.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The sampler's loop over a tiny random model; its solvers are held to the reference by the golden case {@code solver_flow}. */
class WanSamplerTest {
    private static final WanConfig TINY = new WanConfig(24, 32, 2, 2, 16, 12, 6, 4, 4, new int[] {1, 2, 2}, 1e-6);

    @ParameterizedTest
    @ValueSource(strings = {"unipc", "dpm++"})
    void aConstantFlowIsFollowedToItsEnd(String name) {
        FlowSolver solver = FlowSolver.named(name);
        SamplingSchedule schedule = solver.schedule(7, 5);
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3);
                FlowSolver.Trajectory trajectory = solver.start(schedule)) {
            Tensor clean = seeds.normal(2, 3);
            Tensor noise = seeds.normal(2, 3);
            Tensor flow = noise.sub(clean);
            Tensor state = clean.add(Ops.mul(flow, schedule.sigmas()[0]));
            for (int i = 0; i < schedule.steps(); i++) {
                state = trajectory.step(state, flow);
            }
            assertThat(Tensors.item(Ops.amax(state.sub(clean).abs(), false, 0, 1)))
                    .isLessThan(1e-5);
        }
    }

    @Test
    void aRunOfBh1EndsInThePredictedCleanLatent() {
        FlowSolver solver = new UniPc(2, UniPc.Form.BH1, true, true, Set.of());
        SamplingSchedule schedule = solver.schedule(3, 5);
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(4);
                FlowSolver.Trajectory trajectory = solver.start(schedule)) {
            Tensor state = seeds.normal(2, 3);
            Tensor clean = state;
            for (int i = 0; i < schedule.steps(); i++) {
                Tensor flow = seeds.normal(2, 3);
                clean = state.sub(Ops.mul(flow, schedule.sigmas()[i]));
                state = trajectory.step(state, flow);
            }
            assertThat(Tensors.toFloats(state)).containsExactly(Tensors.toFloats(clean));
        }
    }

    @Test
    void guidanceOfOneIsThePromptAlone() {
        try (Fixture fixture = new Fixture()) {
            double[] alone = fixture.sample(1, fixture.negative);
            assertThat(fixture.passes).isEqualTo(5);
            assertThat(fixture.sample(1, fixture.prompt)).isEqualTo(alone);
            assertThat(fixture.passes).isEqualTo(10);
            assertThat(fixture.sample(4, fixture.negative)).isNotEqualTo(alone);
            assertThat(fixture.passes).isEqualTo(20);
        }
    }

    @Test
    void theLastStepsFollowThePromptAlone() {
        try (Fixture fixture = new Fixture()) {
            double[] guided = fixture.sample(4, 0, fixture.negative);
            List<double[]> states = fixture.values();
            fixture.passes = 0;
            double[] cut = fixture.sample(4, 2, fixture.negative);

            assertThat(fixture.passes).isEqualTo(2 * 3 + 2);
            assertThat(cut).isNotEqualTo(guided);
            assertThat(fixture.values().subList(0, 3)).containsExactlyElementsOf(states.subList(0, 3));
            assertThat(fixture.sample(4, 5, fixture.negative)).isEqualTo(fixture.sample(1, 0, fixture.negative));
        }
    }

    @Test
    void guidanceAgainstTheSamePromptChangesNothing() {
        try (Fixture fixture = new Fixture();
                TensorScope scope = TensorScope.open()) {
            double[] alone = fixture.sample(1, fixture.prompt);
            double[] guided = fixture.sample(6, fixture.prompt);
            assertThat(guided).containsExactly(alone, org.assertj.core.api.Assertions.within(1e-5));
        }
    }

    @Test
    void everyStepIsReported() {
        try (Fixture fixture = new Fixture()) {
            fixture.sample(2, fixture.negative);
            assertThat(fixture.reported).containsExactly(0, 1, 2, 3, 4);
        }
    }

    @Test
    void aVideoLeavesNoNativeObjectsBehind() {
        try (Fixture fixture = new Fixture()) {
            TensorScope.runAndFree(() -> fixture.sample(1, fixture.prompt));
            long before = Pointer.totalCount();
            TensorScope.runAndFree(() -> fixture.sample(1, fixture.prompt));
            // Fewer where the garbage collector freed what came before.
            assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void onlyTheLastLatentsAreKept() {
        try (Fixture fixture = new Fixture()) {
            fixture.sample(2, fixture.negative);
            assertThat(fixture.states.subList(0, 4)).allMatch(latents -> latents.isNull());
            assertThat(fixture.states.getLast().isNull()).isFalse();
        }
    }

    @Test
    void anUnknownSolverAndNoStepsAreRefused() {
        assertThatThrownBy(() -> FlowSolver.named("euler")).hasMessageContaining("unipc and dpm++");
        assertThatThrownBy(() -> SamplingSchedule.fromOne(0, 5)).hasMessageContaining("at least one step");
    }

    private static final class Fixture implements AutoCloseable {
        private final TensorScope scope = TensorScope.open();
        private final WeightMap weights = randomWeights();
        private final WanTransformer model = new WanTransformer(TINY, weights);
        private final TextContext prompt;
        private final TextContext negative;
        private final Tensor noise;
        private final List<Integer> reported = new ArrayList<>();
        private final List<Tensor> states = new ArrayList<>();
        private final List<double[]> values = new ArrayList<>();
        private int passes;

        Fixture() {
            Torch.setThreads(1);
            try (Seeds seeds = new Seeds(5)) {
                prompt = new TextContext(seeds.normal(1, 6, 12));
                negative = new TextContext(seeds.normal(1, 6, 12));
                noise = seeds.normal(1, 2, 4, 4, 4);
            }
        }

        double[] sample(double guidance, TextContext negativePrompt) {
            return sample(guidance, 0, negativePrompt);
        }

        /** Values of the latents after each step of the last sample. */
        List<double[]> values() {
            return List.copyOf(values);
        }

        double[] sample(double guidance, int unguidedSteps, TextContext negativePrompt) {
            values.clear();
            SiteForward full = model.fullPrecision();
            SiteForward counting = (site, step, input) -> {
                passes += site.name().equals("head.head") ? 1 : 0;
                return full.apply(site, step, input);
            };
            return Torch.withoutGradients(
                    () -> Tensors.toDoubles(new WanSampler(UniPc.wan(), 5, 5, guidance, unguidedSteps)
                            .sample(model, noise, prompt, negativePrompt, counting, this::stepped)));
        }

        private void stepped(int index, Tensor latents) {
            reported.add(index);
            states.add(latents);
            values.add(Tensors.toDoubles(latents));
        }

        private static WeightMap randomWeights() {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            try (Seeds seeds = new Seeds(1)) {
                TINY.parameterShapes().forEach((name, shape) -> tensors.put(name, Ops.mul(seeds.normal(shape), 0.2)));
            }
            return WeightMap.of(tensors);
        }

        @Override
        public void close() {
            prompt.close();
            negative.close();
            weights.close();
            scope.close();
        }
    }
}
