package io.arvid.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.model.RolloutStep;
import io.arvid.model.wan.WanTransformer;
import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.rollout.kv.KvQuantization;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RollingForcingTest {
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

    private static RolloutConfig config(int... steps) {
        return new RolloutConfig(1, false, steps, null, true, 5, 0, -1, 0);
    }

    private static Tensor normal(long seed, long... shape) {
        try (Seeds seeds = new Seeds(seed)) {
            return seeds.normal(shape);
        }
    }

    private static Tensor noise(int frames) {
        return normal(5, 1, frames, 4, 4, 6);
    }

    private static Tensor text() {
        return normal(3, 1, 4, 8);
    }

    private static Tensor fresh(RolloutStep step, long... shape) {
        return normal(100 * step.startFrame() + step.pass(), shape);
    }

    @Test
    void withOneDenoisingStepItIsTheOrdinaryRollOut() {
        Tensor rolling = new RollingForcing(MODEL, config(1000)).run(noise(5), text(), RollingForcingTest::fresh);
        Tensor ordinary = new Rollout(MODEL, config(1000)).run(noise(5), text(), RollingForcingTest::fresh);
        assertThat(Tensors.toFloats(rolling)).containsExactly(Tensors.toFloats(ordinary), within(1e-5f));
    }

    @Test
    void everyChunkPassesEveryNoiseLevelAndIsFinishedOnce() {
        List<String> renoised = new ArrayList<>();
        List<Integer> finished = new ArrayList<>();
        List<String> commits = new ArrayList<>();
        KvStore.Factory recording = shape -> new DenseKvStore(shape) {
            @Override
            public void commit(int start, int end) {
                commits.add(shape.block() + ":" + start + "-" + end);
            }
        };
        new RollingForcing(MODEL, config(1000, 500))
                .with(recording)
                .with(new RolloutListener() {
                    @Override
                    public void finished(ChunkPlan.Chunk chunk, Tensor latents) {
                        finished.add(chunk.index());
                    }
                })
                .run(noise(3), text(), (step, shape) -> {
                    renoised.add(step.chunk() + ":" + step.pass());
                    return fresh(step, shape);
                });
        assertThat(renoised).containsExactly("0:0", "1:0", "2:0");
        assertThat(finished).containsExactly(0, 1, 2);
        assertThat(commits).containsExactly("0:0-6", "1:0-6", "0:6-12", "1:6-12", "0:12-18", "1:12-18");
    }

    @Test
    void passesAreCountedBeforehand() {
        int[] passed = {0};
        new RollingForcing(MODEL, config(1000, 500))
                .with(new RolloutListener() {
                    @Override
                    public void passed(RolloutStep step, Tensor latents, Tensor flow) {
                        passed[0]++;
                    }
                })
                .run(noise(3), text(), RollingForcingTest::fresh);
        assertThat(passed[0]).isEqualTo(new DenoiseSchedule(config(1000, 500)).rollingPasses(3));
    }

    @Test
    void longVideosLeaveNoNativeObjectsBehind() {
        RollingForcing rolling = new RollingForcing(MODEL, config(1000, 500)).with(new RollingCacheSize(4, 3));
        long before = 0;
        for (int i = 0; i < 4; i++) {
            TensorScope.runAndFree(() -> rolling.run(noise(8), text(), RollingForcingTest::fresh));
            if (i == 1) {
                before = Pointer.totalCount();
            }
        }
        // Fewer where the garbage collector freed what came before.
        assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
    }

    /** Where nothing becomes codes, only the form of the cache differs; the first window without the anchor has no past beside it. */
    @Test
    void windowsReadAQuantizedCacheAsTheyReadADenseOne() {
        KvQuantization codesOfNothing = new KvQuantization(
                KvQuantization.Codes.INT8, 0, GroupedQuantizer.Axis.TOKENS, 100, 0, false, List.of());
        RollingForcing dense = new RollingForcing(MODEL, config(1000, 500)).with(new RollingCacheSize(5, 4));
        Tensor expected = dense.run(noise(6), text(), RollingForcingTest::fresh);
        Tensor tiled = dense.with(codesOfNothing.stores()).run(noise(6), text(), RollingForcingTest::fresh);
        assertThat(Tensors.toFloats(tiled)).containsExactly(Tensors.toFloats(expected), within(1e-4f));
        double eightBits = apart(dense, KvQuantization.Codes.INT8, expected);
        assertThat(eightBits).isPositive().isLessThan(apart(dense, KvQuantization.Codes.INT2, expected));
    }

    /** Largest difference that a cache of {@code codes} makes. */
    private static double apart(RollingForcing rolling, KvQuantization.Codes codes, Tensor expected) {
        RollingForcing quantized = rolling.with(KvQuantization.of(codes).stores());
        Tensor rounded = quantized.run(noise(6), text(), RollingForcingTest::fresh);
        return Tensors.item(rounded.sub(expected).abs().max());
    }

    /** The last five of six frames begin in the middle of the anchor, whose keys lie there without rotary. */
    @Test
    void aPartOfTheAnchorIsNotReadAsItLies() {
        int anchorTokens = 12;
        List<Integer> starts = new ArrayList<>();
        KvStore.Factory recording = shape -> new DenseKvStore(shape) {
            @Override
            public Tensor attend(Tensor queries, int start, int end) {
                starts.add(start);
                return super.attend(queries, start, end);
            }
        };
        RolloutConfig pairs = new RolloutConfig(2, false, new int[] {1000}, null, true, 5, 0, -1, 0);
        new RollingForcing(MODEL, pairs)
                .with(new RollingCacheSize(6, 5))
                .with(recording)
                .run(noise(8), text(), RollingForcingTest::fresh);
        assertThat(starts).hasSize(4).containsOnly(anchorTokens);
    }

    @Test
    void aCacheWithoutRoomBesideTheAnchorIsRefused() {
        assertThatThrownBy(() -> new RollingForcing(MODEL, config(1000)).with(new RollingCacheSize(1, 1)))
                .hasMessageContaining("use at least 2");
    }
}
