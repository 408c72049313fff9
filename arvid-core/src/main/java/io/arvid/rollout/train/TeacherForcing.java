package io.arvid.rollout.train;

import io.arvid.model.RolloutStep;
import io.arvid.model.TextContext;
import io.arvid.model.wan.FullAttention;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanRope;
import io.arvid.model.wan.WanTransformer;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Attention for training a whole video in one pass: the sequence is [clean chunks but the last ; noisy chunks], a chunk having the same rotary
 * positions in both. A clean chunk sees the clean chunks up to itself; a noisy chunk sees the clean chunks before it and itself. This is what a
 * roll-out with a KV cache sees.
 */
public final class TeacherForcing implements AutoCloseable {
    private final WanRope rope;
    private final int framesPerChunk;
    private final int height;
    private final int width;
    private final Map<Integer, Tensor> masks = new ConcurrentHashMap<>();

    /** Over latents of {@code latentHeight × latentWidth}. */
    public TeacherForcing(WanConfig config, int framesPerChunk, int latentHeight, int latentWidth) {
        this.rope = new WanRope(config.headDim());
        this.framesPerChunk = framesPerChunk;
        this.height = latentHeight / config.patchSize()[1];
        this.width = latentWidth / config.patchSize()[2];
    }

    /** Attention over {@code chunks − 1} clean and {@code chunks} noisy chunks. */
    public FullAttention attention(int chunks) {
        int clean = (chunks - 1) * framesPerChunk;
        int[] positions = new int[clean + chunks * framesPerChunk];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = i < clean ? i : i - clean;
        }
        return new FullAttention(rope, positions, height, width, masks.computeIfAbsent(chunks, this::mask));
    }

    /**
     * Flow of every chunk given the clean chunks before it, in one pass over the sequence [context ; noisy].
     *
     * @param transformer bfloat16
     * @param context clean latents of all chunks but the last, {@code [B, F − framesPerChunk, C, h, w]}
     * @param noisy latents of all chunks {@code [B, F, C, h, w]}
     * @param timesteps of the noisy frames {@code [B, F]}, float32
     * @return {@code [B, F, C, h, w]}, float32
     */
    Tensor flow(WanTransformer transformer, Tensor context, Tensor noisy, Tensor timesteps, TextContext text) {
        Tensor latents = MixedPrecision.of(Ops.cat(1, context, noisy));
        Tensor times = Ops.cat(1, Tensors.zeros(DTypes.F32, context.size(0), context.size(1)), timesteps);
        Tensor flow = transformer.forward(
                latents,
                times,
                text,
                RolloutStep.wholeClip((int) latents.size(1), 0),
                transformer.fullPrecision(),
                attention((int) noisy.size(1) / framesPerChunk));
        return Ops.toF32(Ops.slice(flow, 1, context.size(1), latents.size(1)));
    }

    /** Additive mask {@code [L, L]}, bfloat16: 0 where a query (row) sees a key (column), −∞ elsewhere. */
    private Tensor mask(int chunks) {
        int tokens = framesPerChunk * height * width;
        int clean = (chunks - 1) * tokens;
        int length = clean + chunks * tokens;
        float[] mask = new float[length * length];
        for (int query = 0; query < length; query++) {
            boolean queryClean = query < clean;
            int queryChunk = (queryClean ? query : query - clean) / tokens;
            for (int key = 0; key < length; key++) {
                boolean sees = key < clean
                        ? queryClean ? key / tokens <= queryChunk : key / tokens < queryChunk
                        : !queryClean && (key - clean) / tokens == queryChunk;
                mask[query * length + key] = sees ? 0 : Float.NEGATIVE_INFINITY;
            }
        }
        try (TensorScope scope = TensorScope.open()) {
            return TensorScope.own(MixedPrecision.of(Tensors.of(mask, length, length)));
        }
    }

    @Override
    public void close() {
        masks.values().forEach(Tensor::close);
        rope.close();
    }
}
