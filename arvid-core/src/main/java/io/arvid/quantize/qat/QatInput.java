package io.arvid.quantize.qat;

import io.arvid.quantize.qvgen.ClippedDynamicInput;
import io.arvid.quantize.qvgen.LearnedStaticInput;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** How the input of a layer in training is quantized. Buckets are int64: one for every token {@code [B · L]} of an input {@code [B, L, in]}, or one for all. */
sealed interface QatInput {
    /** x after quantization. */
    Tensor fake(Tensor x, Tensor buckets);

    /** The plan with what has been learned. */
    InputPlan plan(StepBuckets buckets);

    /** Not quantized. */
    record Full() implements QatInput {
        @Override
        public Tensor fake(Tensor x, Tensor buckets) {
            return x;
        }

        @Override
        public InputPlan plan(StepBuckets buckets) {
            return new InputPlan.Full();
        }
    }

    /** Dynamic without learned clipping. */
    record Dynamic(ClippedDynamicInput quantizer) implements QatInput {
        private float factor() {
            return (float) quantizer.ratio();
        }

        @Override
        public Tensor fake(Tensor x, Tensor buckets) {
            Tensor factor = Tensors.full(DTypes.F32, factor(), 1);
            return quantizer.fake(x, factor, factor);
        }

        @Override
        public InputPlan plan(StepBuckets buckets) {
            return quantizer.plan(factor(), factor());
        }
    }

    /** Dynamic with learned clipping: logits {@code [buckets]}. */
    record Clipped(ClippedDynamicInput quantizer, Tensor lower, Tensor upper) implements QatInput {
        @Override
        public Tensor fake(Tensor x, Tensor buckets) {
            return quantizer.fake(
                    x, chosen(quantizer.factors(lower), buckets, x), chosen(quantizer.factors(upper), buckets, x));
        }

        @Override
        public InputPlan plan(StepBuckets buckets) {
            float[] low = Tensors.toFloats(quantizer.factors(lower));
            float[] high = Tensors.toFloats(quantizer.factors(upper));
            List<InputPlan> plans = new ArrayList<>();
            for (int bucket = 0; bucket < low.length; bucket++) {
                plans.add(quantizer.plan(low[bucket], high[bucket]));
            }
            return new InputPlan.Stepwise(buckets, plans);
        }
    }

    /** Static with learned scales and zero points {@code [buckets]}. */
    record Static(LearnedStaticInput quantizer, Tensor scale, Tensor zero) implements QatInput {
        @Override
        public Tensor fake(Tensor x, Tensor buckets) {
            return scale.numel() == 1
                    ? quantizer.fake(x, scale, zero)
                    : quantizer.fake(x, chosen(scale, buckets, x), chosen(zero, buckets, x));
        }

        @Override
        public InputPlan plan(StepBuckets buckets) {
            float[] scales = Tensors.toFloats(scale);
            float[] zeros = Tensors.toFloats(zero);
            List<InputPlan> plans = new ArrayList<>();
            for (int bucket = 0; bucket < scales.length; bucket++) {
                plans.add(quantizer.plan(scales[bucket], zeros[bucket]));
            }
            return plans.size() == 1 ? plans.getFirst() : new InputPlan.Stepwise(buckets, plans);
        }
    }

    private static Tensor chosen(Tensor perBucket, Tensor buckets, Tensor x) {
        Tensor chosen = perBucket.index_select(0, buckets);
        return buckets.numel() == 1 ? chosen : chosen.view(x.size(0), x.size(1), 1);
    }
}
