package io.arvid.rollout.kv;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Tokens in groups, as {@link GroupedQuantizer} makes them. */
record GroupedTokens(GroupedCodes codes, GroupedQuantizer.Axis along) implements QuantizedTokens {
    @Override
    public Tensor dequantize() {
        return TensorScope.run(
                () -> along == GroupedQuantizer.Axis.TOKENS ? codes.values().transpose(2, 3) : codes.values());
    }

    @Override
    public Tensor errorVariance() {
        return TensorScope.run(() -> {
            Tensor variances = Ops.div(Ops.toF32(codes.steps()).square(), 12);
            if (along == GroupedQuantizer.Axis.TOKENS) {
                // Behind the last token there may be whole groups of padding.
                long groups = Math.ceilDiv(codes.length(), codes.groupSize());
                return Ops.mean(Ops.slice(variances, -1, 0, groups), true, -1).transpose(2, 3);
            }
            Tensor perChannel = Ops.repeatInterleave(variances, codes.groupSize(), -1);
            return Ops.mean(Ops.slice(perChannel, -1, 0, codes.length()), true, 2);
        });
    }

    @Override
    public List<Tensor> tensors() {
        return codes.tensors();
    }
}
