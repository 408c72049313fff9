package io.arvid.quantize.arvid;

import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.record.Progress;
import io.arvid.rollout.DenseKvStore;
import io.arvid.rollout.KvStore;
import io.arvid.rollout.kv.KvQuantization;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * How much the final video suffers when the keys and values of one chunk alone are kept in few bits: what
 * {@link io.arvid.quantize.qarvd.ChunkSensitivity} measures for the linear layers, for the cache. Everything else is in full precision, and every
 * roll-out of a prompt has the same noise.
 *
 * @param context model and roll-outs
 * @param groups groups of codes; their width is not used
 * @param widths widths to try
 */
public record CacheSensitivity(QuantContext context, KvPlan.Grouped groups, List<Integer> widths) {
    /** Roll-outs of a prompt that {@link #measure} makes for {@code widths}: none for the last chunk, and none for a width that leaves a chunk as it is. */
    static Needs.Measured rollouts(List<Integer> widths) {
        int coded = (int) widths.stream().filter(width -> !isFull(width)).count();
        return new Needs.Measured(1 - coded, coded);
    }

    /**
     * Mean squared difference of the latents {@code [chunk][width]}, mean over the first {@code prompts} prompts. The last chunk of a video, which no
     * other reads, is left out; a chunk that stays as it is has no error and costs no roll-out.
     */
    public double[][] measure(int prompts) {
        context.requirePrompts(prompts);
        int chunks = context.rollouts().chunkCount() - 1;
        double[][] errors = new double[chunks][widths.size()];
        long coded = widths.stream().filter(width -> !isFull(width)).count();
        try (Progress.Stage stage = context.progress().begin("KV cache sensitivity", prompts * (1 + chunks * coded))) {
            for (int prompt = 0; prompt < prompts; prompt++) {
                try (TensorScope scope = TensorScope.open()) {
                    Tensor reference = latents(prompt, DenseKvStore::new);
                    stage.step();
                    add(prompt, reference, errors, stage);
                }
            }
        }
        for (double[] ofChunk : errors) {
            for (int width = 0; width < ofChunk.length; width++) {
                ofChunk[width] /= prompts;
            }
        }
        return errors;
    }

    private void add(int prompt, Tensor reference, double[][] errors, Progress.Stage stage) {
        for (int chunk = 0; chunk < errors.length; chunk++) {
            for (int width = 0; width < widths.size(); width++) {
                if (!isFull(widths.get(width))) {
                    KvStore.Factory stores = alone(chunk, widths.get(width)).stores();
                    try (TensorScope each = TensorScope.open()) {
                        errors[chunk][width] += Tensors.item(
                                Ops.meanSquaredError(Ops.toF64(latents(prompt, stores)), Ops.toF64(reference)));
                    }
                    stage.step();
                }
            }
        }
    }

    /** A cache that keeps all chunks as they are but {@code chunk}. */
    private KvQuantization alone(int chunk, int width) {
        List<Integer> bits =
                new ArrayList<>(Collections.nCopies(context.rollouts().chunkCount(), KvQuantization.FULL_BITS));
        bits.set(chunk, width);
        return new KvPlan.ByChunk(bits, groups.groupSize(), groups.along()).quantization();
    }

    private Tensor latents(int prompt, KvStore.Factory stores) {
        return context.rollouts().latents(prompt, context.model().fullPrecision(), stores);
    }

    private static boolean isFull(int width) {
        return width == KvQuantization.FULL_BITS;
    }
}
