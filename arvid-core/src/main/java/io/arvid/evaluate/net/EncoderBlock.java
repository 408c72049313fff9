package io.arvid.evaluate.net;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * One block of a vision transformer: {@code x += out(attention(norm1(x)))}, then {@code x += fc2(activation(fc1(norm2(x))))}. DINO, CLIP and MUSIQ
 * differ in names, activation and eps only.
 */
final class EncoderBlock {
    /**
     * What differs between the networks.
     *
     * @param norm1 name of the first layer normalization
     * @param projections pairs of weight and bias that make q, k and v: one pair for all three, or one for each
     * @param out name of the attention's output layer
     * @param norm2 name of the second layer normalization
     * @param fc1 name of the widening layer
     * @param fc2 name of the narrowing layer
     * @param eps of both normalizations
     * @param activation between the two layers
     */
    record Layout(
            String norm1,
            List<Parameters> projections,
            String out,
            String norm2,
            String fc1,
            String fc2,
            double eps,
            UnaryOperator<Tensor> activation) {
        static final Layout DINO = new Layout(
                "norm1",
                List.of(new Parameters("attn.qkv.weight", "attn.qkv.bias")),
                "attn.proj",
                "norm2",
                "mlp.fc1",
                "mlp.fc2",
                1e-6,
                Ops::gelu);

        static final Layout CLIP = new Layout(
                "ln_1",
                List.of(new Parameters("attn.in_proj_weight", "attn.in_proj_bias")),
                "attn.out_proj",
                "ln_2",
                "mlp.c_fc",
                "mlp.c_proj",
                1e-5,
                x -> x.mul(Ops.mul(x, 1.702).sigmoid()));

        static final Layout MUSIQ = new Layout(
                "norm1",
                List.of(
                        new Parameters("attention.query.weight", "attention.query.bias"),
                        new Parameters("attention.key.weight", "attention.key.bias"),
                        new Parameters("attention.value.weight", "attention.value.bias")),
                "attention.out",
                "norm2",
                "mlp.fc1",
                "mlp.fc2",
                1e-6,
                Ops::gelu);
    }

    /** Names of a linear layer's parameters. */
    record Parameters(String weight, String bias) {}

    private final NetWeights weights;
    private final Layout layout;
    private final long heads;

    EncoderBlock(NetWeights weights, Layout layout, long heads) {
        this.weights = weights;
        this.layout = layout;
        this.heads = heads;
    }

    /** Tokens {@code [N, L, D]} to the same shape. */
    Tensor forward(Tensor tokens) {
        return TensorScope.run(() -> {
            Tensor x = tokens.add(attention(weights.layerNorm(layout.norm1(), tokens, layout.eps())));
            Tensor wide = weights.linear(layout.fc1(), weights.layerNorm(layout.norm2(), x, layout.eps()));
            return x.add(weights.linear(layout.fc2(), layout.activation().apply(wide)));
        });
    }

    private Tensor attention(Tensor x) {
        long batch = x.size(0);
        long length = x.size(1);
        long dim = x.size(2);
        List<Tensor> parts = new ArrayList<>();
        for (Parameters names : layout.projections()) {
            parts.add(Ops.linear(x, weights.get(names.weight()), weights.get(names.bias())));
        }
        Tensor qkv =
                Ops.cat(2, parts).view(batch, length, 3, heads, dim / heads).permute(2, 0, 3, 1, 4);
        Tensor mixed = Ops.attention(qkv.select(0, 0), qkv.select(0, 1), qkv.select(0, 2), null);
        return weights.linear(layout.out(), mixed.transpose(1, 2).reshape(batch, length, dim));
    }
}
