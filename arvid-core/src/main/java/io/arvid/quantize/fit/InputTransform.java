package io.arvid.quantize.fit;

import io.arvid.calibrate.TokenMoments;
import io.arvid.quantize.scheme.Correction;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * What is done to the input of a layer before it is quantized, and the weight that then computes the same: {@code x Wᵀ = x' W'ᵀ + W shift}.
 *
 * @param corrections channel shifts, channel scales and rotations, in the order of their effect on the input; others do not touch it
 */
public record InputTransform(List<Correction> corrections) {
    /** Nothing. */
    public static final InputTransform NONE = new InputTransform(List.of());

    /** Copies the list. */
    public InputTransform {
        corrections = List.copyOf(corrections);
    }

    /** The input divided by {@code factors} (float32 {@code [in]}, positive). */
    public static InputTransform dividing(Tensor factors) {
        return new InputTransform(List.of(new Correction.ChannelScale(factors)));
    }

    /** The input rotated. */
    public static InputTransform rotating(Correction.Rotation rotation) {
        return new InputTransform(List.of(rotation));
    }

    /** The input less {@code shift} (float32 {@code [in]}); {@code weight} W {@code [out, in]} gives what the output then lacks. */
    public static InputTransform shifting(Tensor shift, Tensor weight) {
        return new InputTransform(
                List.of(new Correction.ChannelShift(shift, Ops.toF32(weight).mv(shift))));
    }

    /** This, then {@code next} on what it gives. */
    public InputTransform then(InputTransform next) {
        List<Correction> both = new ArrayList<>(corrections);
        both.addAll(next.corrections);
        return new InputTransform(both);
    }

    /** x' of x {@code [..., in]}. */
    public Tensor input(Tensor x) {
        Tensor transformed = x;
        for (Correction correction : corrections) {
            transformed = switch (correction) {
                case Correction.ChannelScale(Tensor factors) -> transformed.div(factors);
                case Correction.ChannelShift shift -> transformed.sub(shift.shift());
                case Correction.Rotation rotation -> new BlockRotation(rotation).apply(transformed);
                case Correction.DualScale beside -> transformed;
                case Correction.LowRank beside -> transformed;
            };
        }
        return transformed;
    }

    /** b' of b {@code [out]}, float32: what a shift takes from the output comes back here. */
    public Tensor bias(Tensor bias) {
        Tensor transformed = Ops.toF32(bias);
        for (Correction correction : corrections) {
            if (correction instanceof Correction.ChannelShift shift) {
                transformed = transformed.add(shift.outputShift());
            }
        }
        return transformed;
    }

    /** {@code X'ᵀ X'} {@code [in, in]}, float64. */
    public Tensor gram(TokenMoments tokens) {
        if (corrections.isEmpty()) {
            return tokens.products();
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor gram = tokens.products();
            Tensor sums = tokens.sums();
            for (Correction correction : corrections) {
                if (correction instanceof Correction.ChannelShift(Tensor values, Tensor outputShift)) {
                    Tensor shift = Ops.toF64(values);
                    Tensor crossed = sums.outer(shift);
                    gram = gram.sub(crossed)
                            .sub_(crossed.t())
                            .add_(shift.outer(shift).mul_(tokens.count()));
                    sums = sums.sub(shift.mul(tokens.count()));
                } else {
                    InputTransform linear = new InputTransform(List.of(correction));
                    gram = linear.input(linear.input(gram).t()).t();
                    sums = linear.input(sums);
                }
            }
            return scope.keep(gram);
        }
    }

    /** W' of W {@code [out, in]}, float32. */
    public Tensor weight(Tensor weight) {
        Tensor transformed = Ops.toF32(weight);
        for (Correction correction : corrections) {
            transformed = switch (correction) {
                case Correction.ChannelScale(Tensor factors) -> transformed.mul(factors);
                case Correction.ChannelShift shift -> transformed;
                case Correction.Rotation rotation -> new BlockRotation(rotation).apply(transformed);
                case Correction.DualScale beside -> transformed;
                case Correction.LowRank beside -> transformed;
            };
        }
        return transformed;
    }
}
