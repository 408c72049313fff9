package io.arvid.quantize.adaround;

import io.arvid.tensor.Tensors;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.bytedeco.pytorch.Tensor;

/** {@code dL/dŷ = 2·w_b·(ŷ − y) / (batch·out)}, in place of ŷ. */
final class FusedError implements AutoCloseable {
    private final Lanes targets;
    private final Lanes bias;
    private final Lanes lanes;
    private final float[] sampleWeights;
    private final int tokens;

    /**
     * Of a layer.
     *
     * @param targets y, float32 {@code [N, tokens, out]}
     * @param sampleWeights w, float32 {@code [N]}
     * @param bias float32 {@code [out]}
     * @param rows samples of a batch times tokens
     */
    FusedError(Tensor targets, Tensor sampleWeights, Tensor bias, int rows) {
        this.tokens = (int) targets.size(1);
        this.targets = Lanes.owning(targets);
        this.bias = Lanes.owning(bias);
        this.lanes = FusedReconstruction.zeros(rows, targets.size(-1));
        this.sampleWeights = Tensors.toFloats(sampleWeights);
    }

    int sampleCount() {
        return sampleWeights.length;
    }

    /** ŷ without its bias before {@link #subtractTargets}, {@code dL/dŷ} after; {@code [rows, out]}. */
    Lanes lanes() {
        return lanes;
    }

    void subtractTargets(long[] samples) {
        int out = lanes.columns();
        float perEntry = (float) (2.0 / ((double) samples.length * out));
        for (int sample = 0; sample < samples.length; sample++) {
            float factor = sampleWeights[(int) samples[sample]] * perEntry;
            for (int token = 0; token < tokens; token++) {
                subtract(
                        lanes.at(sample * tokens + token, 0),
                        targets.at((int) samples[sample] * tokens + token, 0),
                        out,
                        factor);
            }
        }
    }

    private void subtract(long at, long target, int length, float factor) {
        for (int i = 0; i < length; i += Lanes.SPECIES.length()) {
            VectorMask<Float> mask = Lanes.SPECIES.indexInRange(i, length);
            FloatVector difference =
                    lanes.load(at + i, mask).add(bias.load(i, mask)).sub(targets.load(target + i, mask));
            lanes.store(difference.mul(factor), at + i, mask);
        }
    }

    @Override
    public void close() {
        targets.close();
        bias.close();
        lanes.close();
    }
}
