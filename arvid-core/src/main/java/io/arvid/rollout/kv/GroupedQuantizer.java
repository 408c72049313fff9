package io.arvid.rollout.kv;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.tensor.BitPacking;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * KIVI: groups with a minimum and a step each, {@code code = round(clamp((x − min) / step, 0, 2^bits − 1))} with {@code step = (max − min) / (2^bits − 1)}
 * and half to even (LightX2V {@code kvcache/kernel.py} triton_quantize_and_pack_along_last_dim).
 *
 * <p>Groups run along the tokens of one channel, which is kind to channels of unlike size (keys), or along the channels of one token.
 *
 * @param bits width of a code: 2, 4 or 8
 * @param groupSize values of a group
 * @param along what a group runs along
 * @param arithmetic type in which steps and codes are computed and steps and minima are stored: F16 as in LightX2V's pool, or F32
 * @param padding what fills the last group
 */
public record GroupedQuantizer(int bits, int groupSize, Axis along, DTypes arithmetic, Padding padding)
        implements TokenQuantizer {
    /** Directions of a group, also in recipes. */
    public enum Axis {
        @JsonProperty("tokens")
        TOKENS,
        @JsonProperty("channels")
        CHANNELS
    }

    /** What fills the last group where it is not full. */
    public enum Padding {
        /** Zeros, which take part in the group's range: as LightX2V does. */
        ZERO,
        /** The last value again, which changes no range. */
        LAST
    }

    /** Checks the settings. */
    public GroupedQuantizer {
        if (bits != 2 && bits != 4 && bits != 8) {
            throw new IllegalArgumentException("a KV cache of " + bits + " bits; use 2, 4 or 8");
        }
        if (groupSize < 1) {
            throw new IllegalArgumentException("groups of " + groupSize + " values");
        }
    }

    @Override
    public QuantizedTokens quantize(Tensor tokens) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor rows = along == Axis.TOKENS ? tokens.transpose(2, 3) : tokens;
            GroupedCodes codes = quantizeRows(rows);
            codes.tensors().forEach(TensorScope::own);
            return new GroupedTokens(codes, along);
        }
    }

    /** Quantizes along the last dimension of {@code rows [..., n]}. The tensors belong to the open scope. */
    public GroupedCodes quantizeRows(Tensor rows) {
        Tensor x = pad(Ops.to(rows, arithmetic)).unflatten(-1, -1, groupSize);
        double highest = (1 << bits) - 1;
        Tensor minimum = Ops.amin(x, true, -1);
        Tensor step = Ops.div(Ops.amax(x, true, -1).sub(minimum), highest);
        // A constant group has step 0 and 0 / 0: its code is 0 and its value the minimum.
        Tensor codes = Ops.clamp(x.sub(minimum).div_(step), 0, highest).round_().nan_to_num_();
        Tensor packed = BitPacking.LOW_FIRST.pack(Ops.to(codes, DTypes.U8).flatten(-2, -1), bits);
        return new GroupedCodes(
                bits,
                groupSize,
                rows.size(-1),
                packed,
                step.squeeze(-1).contiguous(),
                minimum.squeeze(-1).contiguous());
    }

    /** Fills up to whole groups and whole 32-bit words. */
    private Tensor pad(Tensor x) {
        long missing = -x.size(-1) % leastCommonMultiple(32 / bits, groupSize);
        missing = missing < 0 ? missing + leastCommonMultiple(32 / bits, groupSize) : missing;
        if (missing == 0) {
            return x.contiguous();
        }
        if (padding == Padding.ZERO) {
            return Ops.pad(x, 0, missing);
        }
        long[] shape = Tensors.shape(x);
        shape[shape.length - 1] = missing;
        return Ops.cat(-1, x, Ops.slice(x, -1, x.size(-1) - 1, x.size(-1)).expand(shape));
    }

    private static long leastCommonMultiple(long a, long b) {
        long x = a;
        long y = b;
        while (y != 0) {
            long rest = x % y;
            x = y;
            y = rest;
        }
        return a / x * b;
    }
}
