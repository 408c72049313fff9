package io.arvid.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.model.AttentionShape;
import io.arvid.model.RolloutStep;
import io.arvid.model.wan.WanTransformer;
import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.rollout.kv.KvQuantization;
import io.arvid.rollout.kv.KvQuantization.Codes;
import io.arvid.rollout.kv.QuantizedKvStore;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantizedKvStoreTest {
    private static final WanTransformer MODEL = TinyModel.create(7);
    private static final int EVERY_CHUNK = 100;

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

    private static KvQuantization kv(Codes codes, int sink, int recent) {
        return new KvQuantization(codes, 0, GroupedQuantizer.Axis.TOKENS, sink, recent, false, List.of());
    }

    private static Tensor latents(int localFrames, int sinkFrames, KvStore.Factory stores) {
        RolloutConfig config =
                new RolloutConfig(2, false, new int[] {1000, 500}, null, true, 5, 0, localFrames, sinkFrames);
        return new Rollout(MODEL, config)
                .with(stores)
                .run(
                        normal(5, 1, 12, 4, 4, 6),
                        normal(3, 1, 4, 8),
                        (step, shape) -> normal(100L * step.startFrame() + step.pass(), shape));
    }

    private static Tensor normal(long seed, long... shape) {
        try (Seeds seeds = new Seeds(seed)) {
            return seeds.normal(shape);
        }
    }

    private static double largest(Tensor x) {
        return Tensors.item(x.abs().max());
    }

    /** Local caches evict chunks, one of them in the middle of a chunk behind a sink of one frame. */
    @ParameterizedTest
    @CsvSource({"-1,0", "6,0", "6,1", "5,1"})
    void attentionInTilesIsAttention(int localFrames, int sinkFrames) {
        Tensor dense = latents(localFrames, sinkFrames, DenseKvStore::new);
        Tensor tiled =
                latents(localFrames, sinkFrames, shape -> new QuantizedKvStore(shape, kv(Codes.INT8, EVERY_CHUNK, 0)));
        assertThat(largest(dense.sub(tiled))).isLessThan(1e-4 * largest(dense));
    }

    @Test
    void fewerBitsMakeLargerErrorsAndExemptionsSmallerOnes() {
        double eight = error(kv(Codes.INT8, 0, 0));
        double four = error(kv(Codes.INT4, 0, 0));
        double two = error(kv(Codes.INT2, 0, 0));
        assertThat(eight).isPositive().isLessThan(four);
        assertThat(four).isLessThan(two);
        assertThat(error(kv(Codes.INT2, 2, 0))).isLessThan(two);
        assertThat(error(kv(Codes.INT2, 0, 2))).isLessThan(two);
        assertThat(error(kv(Codes.INT2, EVERY_CHUNK, 0))).isLessThan(1e-10);
        assertThat(error(kv(Codes.INT2, 0, EVERY_CHUNK))).isLessThan(1e-10);
        assertThat(error(kv(Codes.QVG, 0, 0))).isPositive().isLessThan(1);
        KvQuantization falling =
                new KvQuantization(Codes.INT8, 0, GroupedQuantizer.Axis.CHANNELS, 0, 0, false, List.of(8, 4, 2));
        assertThat(error(falling)).isBetween(eight, two);
        assertThat(error(byChunk(16))).isLessThan(1e-10);
        assertThat(error(byChunk(16, 16, 2))).isPositive().isLessThan(two);
    }

    private static KvQuantization byChunk(Integer... bits) {
        return new KvQuantization(Codes.INT8, 0, GroupedQuantizer.Axis.TOKENS, 0, 0, false, List.of(bits));
    }

    /** Mean squared error of attention over four chunks of 40 tokens. */
    private static double error(KvQuantization kv) {
        KvStore.Shape shape = new KvStore.Shape(0, 1, 2, 160, 32, DTypes.F32);
        Tensor queries = normal(1, 1, 2, 24, 32);
        Tensor keys = normal(2, 1, 2, 160, 32);
        Tensor values = normal(3, 1, 2, 160, 32);
        try (KvStore store = kv.stores().create(shape)) {
            for (int start = 0; start < 160; start += 40) {
                store.write(start, Ops.slice(keys, 2, start, start + 40), Ops.slice(values, 2, start, start + 40));
                store.commit(start, start + 40);
            }
            return Tensors.item(
                    Ops.meanSquaredError(store.attend(queries, 0, 160), Ops.attention(queries, keys, values, null)));
        }
    }

    @Test
    void headsThatAreNotWholeBlocksAreOneBlock() {
        KvStore.Shape shape = new KvStore.Shape(0, 1, 2, 40, 96, DTypes.F32);
        Tensor tokens = normal(2, 1, 2, 40, 96);
        try (KvStore store = KvQuantization.of(Codes.QVG).stores().create(shape)) {
            store.write(0, tokens, tokens);
            store.commit(0, 40);
            double error = Tensors.item(Ops.meanSquaredError(store.keys(0, 40), tokens));
            assertThat(error).isLessThan(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"INT8,0.53", "INT4,0.30", "INT2,0.17"})
    void theCacheOfTheFullSizedModelShrinks(Codes codes, double shareOfBf16) {
        KvStore.Shape shape = new KvStore.Shape(0, 1, 2, 9360, 128, DTypes.BF16);
        try (KvStore dense = new DenseKvStore(shape);
                KvStore quantized = KvQuantization.of(codes).stores().create(shape)) {
            for (int start = 0; start < 9360; start += 4680) {
                Tensor tokens = Ops.to(normal(start, 1, 2, 4680, 128), DTypes.BF16);
                quantized.write(start, tokens, tokens);
                quantized.commit(start, start + 4680);
            }
            assertThat(quantized.bytes() / (double) dense.bytes()).isLessThanOrEqualTo(shareOfBf16);
        }
    }

    /** Thirty blocks and seven chunks, as the model of 1.3 billion parameters has: the whole cache at its most, the chunk in work included. */
    @ParameterizedTest
    @CsvSource({"INT8,0.53", "INT4,0.30"})
    void ofTheChunkInWorkOneBlockHoldsKeysAndValues(Codes codes, double shareOfBf16) {
        assertThat(peak(codes) / (double) peak(Codes.NONE)).isLessThanOrEqualTo(shareOfBf16);
    }

    private static long peak(Codes codes) {
        AttentionShape shape = new AttentionShape(30, 1, 128, 8, 16);
        Tensor tokens = Ops.to(normal(1, 1, 3 * 128, 1, 128), DTypes.BF16);
        try (KvCache cache = new KvCache(
                        21,
                        0,
                        false,
                        shape,
                        1,
                        DTypes.BF16,
                        KvQuantization.of(codes).stores());
                CachedAttention attention = new CachedAttention(shape, cache)) {
            for (int chunk = 0; chunk < 7; chunk++) {
                for (int pass = 0; pass < 2; pass++) {
                    RolloutStep step = new RolloutStep(chunk, pass, pass == 1, 3 * chunk, 3, 0);
                    for (int block = 0; block < shape.blocks(); block++) {
                        int index = block;
                        TensorScope.runAndFree(() -> attention.attend(index, step, tokens, tokens, tokens));
                    }
                }
            }
            assertThat(cache.bytes()).isLessThanOrEqualTo(cache.peakBytes());
            return cache.peakBytes();
        }
    }

    /** Half of the keys are rounded to two bits. Their share of the attention grows by it, and less so with the correction. */
    @Test
    void theCorrectionTakesBackTheShareOfRoundedKeys() {
        int tokens = 512;
        KvStore.Shape shape = new KvStore.Shape(0, 1, 2, 2 * tokens, 64, DTypes.F32);
        Tensor keys = Ops.mul(normal(1, 1, 2, 2 * tokens, 64), 1.5);
        Tensor queries = Ops.mul(normal(2, 1, 2, 256, 64), 1.5);
        // Values say which half a key is of: the output is the share of the second half.
        Tensor values =
                Ops.cat(2, Tensors.zeros(DTypes.F32, 1, 2, tokens, 64), Tensors.ones(DTypes.F32, 1, 2, tokens, 64));
        double exact = share(shape, queries, keys, values, kv(Codes.INT2, EVERY_CHUNK, 0));
        double stolen = share(shape, queries, keys, values, kv(Codes.INT2, 1, 0));
        double corrected = share(
                shape,
                queries,
                keys,
                values,
                new KvQuantization(Codes.INT2, 0, GroupedQuantizer.Axis.TOKENS, 1, 0, true, List.of()));
        assertThat(stolen).isGreaterThan(exact);
        assertThat(Math.abs(corrected - exact)).isLessThan(0.5 * (stolen - exact));
    }

    private static double share(KvStore.Shape shape, Tensor queries, Tensor keys, Tensor values, KvQuantization kv) {
        int half = shape.slots() / 2;
        try (KvStore store = kv.stores().create(shape)) {
            for (int start = 0; start < shape.slots(); start += half) {
                store.write(start, Ops.slice(keys, 2, start, start + half), Ops.slice(values, 2, start, start + half));
                store.commit(start, start + half);
            }
            return Tensors.item(store.attend(queries, 0, shape.slots()).mean());
        }
    }
}
