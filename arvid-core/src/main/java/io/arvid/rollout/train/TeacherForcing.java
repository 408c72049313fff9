package io.arvid.rollout.train;

import io.arvid.model.wan.FullAttention;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanRope;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Attention for training a whole video in one pass: the sequence is [clean frames ; noisy frames], both with the same rotary positions. A clean chunk
 * sees the clean chunks up to itself; a noisy chunk sees the clean chunks before it and itself. This is what a roll-out with a KV cache sees.
 */
final class TeacherForcing implements AutoCloseable {
    private final WanRope rope;
    private final int framesPerChunk;
    private final int height;
    private final int width;
    private final Map<Integer, Tensor> masks = new ConcurrentHashMap<>();

    TeacherForcing(WanConfig config, int framesPerChunk, int latentHeight, int latentWidth) {
        this.rope = new WanRope(config.headDim());
        this.framesPerChunk = framesPerChunk;
        this.height = latentHeight / config.patchSize()[1];
        this.width = latentWidth / config.patchSize()[2];
    }

    /** Attention over {@code chunks} clean and as many noisy chunks. */
    FullAttention attention(int chunks) {
        int frames = chunks * framesPerChunk;
        int[] positions = new int[2 * frames];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = i % frames;
        }
        return new FullAttention(rope, positions, height, width, masks.computeIfAbsent(chunks, this::mask));
    }

    /** Additive mask {@code [L, L]}: 0 where a query (row) sees a key (column), −∞ elsewhere. */
    private Tensor mask(int chunks) {
        int tokens = framesPerChunk * height * width;
        int half = chunks * tokens;
        float[] mask = new float[4 * half * half];
        for (int query = 0; query < 2 * half; query++) {
            for (int key = 0; key < 2 * half; key++) {
                int queryChunk = query % half / tokens;
                int keyChunk = key % half / tokens;
                boolean queryClean = query < half;
                boolean sees = key < half
                        ? queryClean ? keyChunk <= queryChunk : keyChunk < queryChunk
                        : !queryClean && keyChunk == queryChunk;
                mask[query * 2 * half + key] = sees ? 0 : Float.NEGATIVE_INFINITY;
            }
        }
        try (TensorScope scope = TensorScope.open()) {
            return TensorScope.own(Ops.to(Tensors.of(mask, 2L * half, 2L * half), DTypes.F32));
        }
    }

    @Override
    public void close() {
        masks.values().forEach(Tensor::close);
    }
}
