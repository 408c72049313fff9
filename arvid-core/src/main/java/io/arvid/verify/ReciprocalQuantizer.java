package io.arvid.verify;

import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * PyTorch's fake quantization ({@code torch.fake_quantize_per_tensor_affine}, {@code …_per_channel_affine} and their learnable forms), with its
 * gradients in closed form. It differs from {@link io.arvid.quantize.fake.AffineQuantizer} at ties: {@code q = round(x · (1/scale)) + zero} with the
 * float32 reciprocal. Scale and zero point broadcast against x.
 *
 * @param lowest smallest code
 * @param highest largest code
 */
record ReciprocalQuantizer(int lowest, int highest) {
    /**
     * Gradients of a loss.
     *
     * @param x with respect to x: the output's gradient where the code lies on the grid, else 0
     * @param scale with respect to the scale, entry by entry, not yet summed
     * @param zero with respect to the zero point, entry by entry, not yet summed
     */
    record Gradients(Tensor x, Tensor scale, Tensor zero) {}

    /** Codes before they are clamped. */
    private Tensor unclamped(Tensor x, Tensor scale, Tensor zero) {
        return x.mul(scale.reciprocal()).round_().add(zero);
    }

    /** x after quantization and back. */
    Tensor fake(Tensor x, Tensor scale, Tensor zero) {
        return Ops.clamp(unclamped(x, scale, zero), lowest, highest).sub(zero).mul_(scale);
    }

    /** Gradients of a loss whose gradient with respect to {@code fake(x)} is {@code upstream}. */
    Gradients gradients(Tensor x, Tensor scale, Tensor zero, Tensor upstream) {
        Tensor codes = unclamped(x, scale, zero);
        Tensor clamped = Ops.clamp(codes, lowest, highest);
        Tensor inside = clamped.eq(codes);
        Tensor nothing = Tensors.zerosLike(upstream);
        Tensor rounding = clamped.sub(zero).sub(x.div(scale));
        Tensor perScale = Ops.where(inside, rounding, clamped.sub(zero));
        return new Gradients(
                Ops.where(inside, upstream, nothing),
                upstream.mul(perScale),
                Ops.where(inside, nothing, upstream.mul(scale).neg()));
    }
}
