package io.arvid.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.calibrate.InputTap;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.model.wan.FullAttention;
import io.arvid.model.wan.WanRope;
import io.arvid.model.wan.WanTransformer;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RolloutTest {
    private static final int[] STEPS = {1000, 500};
    private static final WanTransformer MODEL = TinyModel.create(7);

    private TensorScope scope;

    @BeforeEach
    void open() {
        Torch.setThreads(1);
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static RolloutConfig config(int framesPerChunk, int localFrames, int sinkFrames) {
        return new RolloutConfig(framesPerChunk, false, STEPS, null, true, 5, 0, localFrames, sinkFrames);
    }

    private static Tensor text() {
        return normal(3, 1, 4, 8);
    }

    private static Tensor noise(int frames) {
        return normal(5, 1, frames, 4, 4, 6);
    }

    /** Noise that depends on the frames only, so that parts of a video can be made again. */
    private static Tensor freshNoise(RolloutStep step, long... shape) {
        return normal(100 * step.startFrame() + step.pass(), shape);
    }

    private static Tensor normal(long seed, long... shape) {
        try (Seeds seeds = new Seeds(seed)) {
            return seeds.normal(shape);
        }
    }

    private static Tensor run(RolloutConfig config, int frames) {
        return new Rollout(MODEL, config).run(noise(frames), text(), RolloutTest::freshNoise);
    }

    @Test
    void theSameSeedGivesTheSameBytes() {
        byte[] first = null;
        for (int i = 0; i < 2; i++) {
            try (Seeds seeds = new Seeds(11)) {
                Tensor latents = new Rollout(MODEL, config(3, -1, 0))
                        .run(seeds.normal(1, 6, 4, 4, 6), text(), NoiseSource.seeded(seeds));
                byte[] bytes = Tensors.toBytes(latents);
                assertThat(bytes).isEqualTo(first == null ? bytes : first);
                first = bytes;
            }
        }
    }

    @Test
    void observersAndSimulationsOfNothingLeaveTheBytes() {
        byte[] alone = Tensors.toBytes(run(config(3, -1, 0), 6));
        Rollout rollout = new Rollout(MODEL, config(3, -1, 0));
        SiteForward observed = new InputTap(MODEL.fullPrecision(), (site, step, input) -> {});
        QuantPlan none = new QuantPlan("none", new LinkedHashMap<>(), new KvPlan.Full());
        try (FakeQuantForward simulated = new FakeQuantForward(MODEL, none)) {
            for (SiteForward sites : List.of(observed, simulated, simulated.duringChunk(1))) {
                assertThat(Tensors.toBytes(rollout.with(sites).run(noise(6), text(), RolloutTest::freshNoise)))
                        .isEqualTo(alone);
            }
        }
    }

    @Test
    void aVideoDoesNotDependOnItsBatch() {
        List<Tensor> alone = new ArrayList<>();
        List<Tensor> noises = new ArrayList<>();
        for (long seed = 0; seed < 2; seed++) {
            try (Seeds seeds = new Seeds(seed)) {
                noises.add(seeds.normal(1, 4, 4, 4, 6));
                alone.add(new Rollout(MODEL, config(2, -1, 0))
                        .run(noises.getLast(), text(), NoiseSource.perSample(List.of(seeds))));
            }
        }
        try (Seeds first = new Seeds(0);
                Seeds second = new Seeds(1)) {
            first.normal(1, 4, 4, 4, 6);
            second.normal(1, 4, 4, 4, 6);
            Tensor together = new Rollout(MODEL, config(2, -1, 0))
                    .run(Ops.cat(0, noises), Ops.cat(0, text(), text()), NoiseSource.perSample(List.of(first, second)));
            assertClose(together, Ops.cat(0, alone), 1e-4f);
        }
    }

    @Test
    void theContextPassesStreamWhatOneMaskedPassComputes() {
        int frames = 6;
        int perChunk = 2;
        int tokens = 6;
        List<Tensor> streamed = new ArrayList<>();
        Tensor latents = new Rollout(MODEL, config(perChunk, -1, 0))
                .with(new RolloutListener() {
                    @Override
                    public void passed(RolloutStep step, Tensor noisy, Tensor flow) {
                        if (step.isContext()) {
                            streamed.add(TensorScope.own(Ops.copy(flow)));
                        }
                    }
                })
                .run(noise(frames), text(), RolloutTest::freshNoise);
        Tensor whole = Torch.withoutGradients(() -> {
            try (TextContext prompt = new TextContext(text())) {
                FullAttention attention = new FullAttention(
                        new WanRope(12),
                        WanRope.frames(0, frames),
                        2,
                        3,
                        chunkCausalMask(frames * tokens, perChunk * tokens));
                return MODEL.forward(
                        latents,
                        Tensors.zeros(DTypes.F32, 1, 1),
                        prompt,
                        RolloutStep.wholeClip(frames, 0),
                        MODEL.fullPrecision(),
                        attention);
            }
        });
        assertThat(streamed).hasSize(3);
        assertClose(Ops.cat(1, streamed), whole, 1e-5f);
        streamed.forEach(Tensor::close);
    }

    private static Tensor chunkCausalMask(int tokens, int perChunk) {
        byte[] mask = new byte[tokens * tokens];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = (byte) (i % tokens / perChunk <= i / tokens / perChunk ? 1 : 0);
        }
        return Ops.to(Tensors.of(mask, tokens, tokens), DTypes.BOOL);
    }

    @Test
    void aVideoContinuesFromItsOwnBeginning() {
        Tensor whole = run(config(2, -1, 0), 6);
        Tensor given = Ops.slice(whole, 1, 0, 2);
        Tensor rest = Ops.slice(noise(6), 1, 2, 6);
        Tensor continued = new Rollout(MODEL, config(2, -1, 0)).run(rest, given, text(), RolloutTest::freshNoise);
        assertThat(Tensors.toBytes(continued)).isEqualTo(Tensors.toBytes(whole));
    }

    @Test
    void aLocalWindowAsLongAsTheVideoIsGlobalAttention() {
        assertThat(Tensors.toBytes(run(config(2, 6, 1), 6))).isEqualTo(Tensors.toBytes(run(config(2, -1, 0), 6)));
        assertThat(Tensors.toBytes(run(config(2, 4, 1), 6))).isNotEqualTo(Tensors.toBytes(run(config(2, -1, 0), 6)));
    }

    @Test
    void theFirstChunkMayHaveItsOwnSteps() {
        RolloutConfig config = new RolloutConfig(1, false, STEPS, new int[] {1000, 750, 500}, true, 5, 0, -1, 0);
        List<String> passes = new ArrayList<>();
        new Rollout(MODEL, config)
                .with(new RolloutListener() {
                    @Override
                    public void passed(RolloutStep step, Tensor noisy, Tensor flow) {
                        passes.add(step.chunk() + (step.isContext() ? "c" : "d") + step.pass());
                    }
                })
                .run(noise(2), text(), RolloutTest::freshNoise);
        assertThat(passes).containsExactly("0d0", "0d1", "0d2", "0c3", "1d0", "1d1", "1c2");
        assertThat(new DenoiseSchedule(config).passes(2)).isEqualTo(passes.size());
    }

    @Test
    void everyChunkIsCommittedOnceInEveryBlock() {
        List<String> commits = new ArrayList<>();
        KvStore.Factory recording = shape -> new DenseKvStore(shape) {
            @Override
            public void commit(int start, int end) {
                commits.add(shape.block() + ":" + start + "-" + end);
            }
        };
        new Rollout(MODEL, config(1, -1, 0)).with(recording).run(noise(2), text(), RolloutTest::freshNoise);
        assertThat(commits).containsExactly("0:0-6", "1:0-6", "0:6-12", "1:6-12");
    }

    @Test
    void rollOutsLeaveNoNativeObjectsBehind() {
        long before = 0;
        for (int i = 0; i < 12; i++) {
            TensorScope.runAndFree(() -> run(config(2, 4, 1), 6));
            if (i == 1) {
                before = Pointer.totalCount();
            }
        }
        // Fewer where the garbage collector freed what came before.
        assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
    }

    @Test
    void framesThatDoNotSplitAreRefusedBeforeAnyWork() {
        assertThatThrownBy(() -> run(config(3, -1, 0), 4)).hasMessageContaining("nearest counts are 3 and 6");
    }

    private static void assertClose(Tensor actual, Tensor expected, float tolerance) {
        assertThat(Tensors.toFloats(actual)).containsExactly(Tensors.toFloats(expected), within(tolerance));
    }
}
