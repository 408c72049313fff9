package io.arvid.model.wan;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.Arrays;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The umT5 encoder: token ids to text states (Wan2.1 {@code wan/modules/t5.py} T5Encoder, in evaluation mode). Pre-norm blocks without biases;
 * attention has no scaling but an additive bias by relative position, in umT5 one table a block.
 *
 * <p>A pure function of its weights: gradients flow into them where they ask for it.
 */
public final class UmtTextEncoder {
    private static final double EPS = 1e-6;

    private final UmtConfig config;
    private final WeightMap weights;

    /**
     * An encoder over {@code weights}, which must outlive it.
     *
     * @throws io.arvid.weights.CheckpointException naming every missing, unexpected or misshapen parameter
     */
    public UmtTextEncoder(UmtConfig config, WeightMap weights) {
        weights.requireShapes("umT5 encoder", config.parameterShapes());
        this.config = config;
        this.weights = weights;
    }

    /** Sizes of this encoder. */
    public UmtConfig config() {
        return config;
    }

    /** The parameters. */
    public WeightMap weights() {
        return weights;
    }

    /**
     * States of every position, padded ones included.
     *
     * @param ids int64 {@code [B, L]}, each below vocab
     * @param mask int64 {@code [B, L]}: 1 for text, 0 for padding
     * @return {@code [B, L, dim]} in the type of the weights
     */
    public Tensor encode(Tensor ids, Tensor mask) {
        requireMatching(ids, mask);
        try (TensorScope scope = TensorScope.open()) {
            Tensor x = embed(ids);
            for (int block = 0; block < config.numLayers(); block++) {
                x = block(block, x, mask);
            }
            return scope.keep(WanNorms.rms(x, weights.get("norm.weight"), EPS));
        }
    }

    /** As {@link #encode}, with the rows past the text set to zero: what the diffusion transformer takes (Self-Forcing WanTextEncoder). */
    public Tensor encodeZeroPadded(Tensor ids, Tensor mask) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor states = encode(ids, mask);
            return scope.keep(states.masked_fill(padded(mask).unsqueeze(-1), new Scalar(0.0)));
        }
    }

    /** Embedding of ids {@code [B, L]}: {@code [B, L, dim]}. */
    public Tensor embed(Tensor ids) {
        return weights.get("token_embedding.weight")
                .index_select(0, ids.reshape(-1))
                .reshape(ids.size(0), ids.size(1), config.dim());
    }

    /** Residual stream {@code [B, L, dim]} through block {@code index}. */
    public Tensor block(int index, Tensor x, Tensor mask) {
        String prefix = "blocks." + index + ".";
        try (TensorScope scope = TensorScope.open()) {
            Tensor attended = x.add(attention(index, WanNorms.rms(x, weights.get(prefix + "norm1.weight"), EPS), mask));
            Tensor normed = WanNorms.rms(attended, weights.get(prefix + "norm2.weight"), EPS);
            return scope.keep(attended.add(feedForward(prefix + "ffn.", normed)));
        }
    }

    /** Position bias of {@code block}: {@code [1, heads, length, length]}. */
    public Tensor positionBias(int block, long length) {
        return RelativePositionBias.of(weights.get(config.positionTable(block)), length, length);
    }

    /** Unscaled attention with position bias; at padded keys the bias is the lowest finite number of its type; softmax in float32. */
    private Tensor attention(int block, Tensor x, Tensor mask) {
        String prefix = "blocks." + block + ".attn.";
        Tensor query = heads(linear(prefix + "q", x));
        Tensor key = heads(linear(prefix + "k", x));
        Tensor value = heads(linear(prefix + "v", x));
        Tensor padded = padded(mask).unsqueeze(1).unsqueeze(1);
        Tensor bias = positionBias(block, x.size(1))
                .masked_fill(padded, new Scalar(DTypes.of(x).lowest()));
        Tensor scores = query.matmul(key.transpose(-1, -2)).add(bias);
        Tensor shares = Ops.toTypeOf(Ops.softmax(Ops.toF32(scores), -1), x);
        Tensor mixed = shares.matmul(value).transpose(1, 2).reshape(x.size(0), x.size(1), config.dimAttn());
        return linear(prefix + "o", mixed);
    }

    /** {@code fc2(fc1(x) · gelu(gate(x)))}. */
    private Tensor feedForward(String prefix, Tensor x) {
        Tensor gate = Ops.geluTanh(linear(prefix + "gate.0", x));
        return linear(prefix + "fc2", linear(prefix + "fc1", x).mul(gate));
    }

    private Tensor linear(String name, Tensor x) {
        return Ops.linear(x, weights.get(name + ".weight"), null);
    }

    /** {@code [B, L, dimAttn]} to {@code [B, heads, L, headDim]}. */
    private Tensor heads(Tensor x) {
        return x.reshape(x.size(0), x.size(1), config.numHeads(), -1).transpose(1, 2);
    }

    private static Tensor padded(Tensor mask) {
        return mask.eq(new Scalar(0L));
    }

    private void requireMatching(Tensor ids, Tensor mask) {
        long[] shape = Tensors.shape(ids);
        if (shape.length != 2 || ids.numel() == 0 || !Arrays.equals(shape, Tensors.shape(mask))) {
            throw new IllegalArgumentException("token ids " + Arrays.toString(shape) + " and mask "
                    + Arrays.toString(Tensors.shape(mask)) + " must have one shape [prompts, tokens]");
        }
        long lowest = Arrays.stream(Tensors.toLongs(ids)).min().orElseThrow();
        long highest = Arrays.stream(Tensors.toLongs(ids)).max().orElseThrow();
        if (lowest < 0 || highest >= config.vocab()) {
            throw new IllegalArgumentException("token id " + (lowest < 0 ? lowest : highest)
                    + " is not in the text encoder's vocabulary of " + config.vocab()
                    + " (does the tokenizer belong to this text encoder?)");
        }
    }
}
