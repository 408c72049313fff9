package io.arvid.quantize.qat;

import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The mean squared difference to the teacher, to the data, or DSAQuant's mix of both: early in denoising (t near 1000) the teacher counts, late the data.
 */
record QatLoss(QatRecipe.Loss recipe) {
    /** DSAQuant's weight of the teacher at {@code timestep}: {@code (e^{α·t/1000} − 1)/(e^α − 1)}; 1 without a mix. */
    double teacherShare(double timestep) {
        double alpha = recipe.targetMix();
        return alpha == 0 ? 1 : Math.expm1(alpha * timestep / 1000) / Math.expm1(alpha);
    }

    /**
     * The loss, a tensor of one entry.
     *
     * @param flow prediction {@code [B, F, C, h, w]}
     * @param teacher the teacher's, null where it is not asked
     * @param velocity the data's
     * @param timesteps of the frames {@code [B, F]}
     */
    Tensor of(Tensor flow, @Nullable Tensor teacher, Tensor velocity, Tensor timesteps) {
        if (teacher == null) {
            return Ops.meanSquaredError(flow, velocity);
        }
        if (recipe.targetMix() == 0) {
            return Ops.meanSquaredError(flow, teacher);
        }
        float[] share = Tensors.toFloats(timesteps);
        for (int i = 0; i < share.length; i++) {
            share[i] = (float) teacherShare(share[i]);
        }
        Tensor ofTeacher = Tensors.of(share, timesteps.size(0), timesteps.size(1), 1, 1, 1);
        Tensor ofData = Ops.add(ofTeacher.neg(), 1);
        Tensor mixed = flow.sub(teacher)
                .square()
                .mul(ofTeacher)
                .add(flow.sub(velocity).square().mul(ofData));
        return Ops.mean(mixed.flatten(), false, 0);
    }
}
