package io.arvid.quantize.scheme;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * How one linear layer is quantized. With input x and bias b the layer computes
 *
 * <pre>{@code
 * x' = x, then for each correction in list order:   ChannelShift  x' ← x' − shift
 *                                                   ChannelScale  x' ← x' / factors
 *                                                   Rotation      x' ← x' · R
 * x̂  = x' quantized and dequantized by `input` (the channels of a DualScale by its own input plan)
 * Ŵ  = (codes − zeros) · scales                     a row, a group of a row; the columns of a DualScale with its own pair
 * y  = x̂ · Ŵᵀ + b  + Σ LowRank up · down · (x̂ or x')  + Σ ChannelShift outputShift
 * }</pre>
 *
 * <p>At most one correction of each kind.
 *
 * @param grid grid of the weight codes
 * @param at per channel or grouped
 * @param codes {@code [out, in]}, of type {@link IntGrid#codeType()}, each within the grid
 * @param scales float32 {@code [out, groups]}, positive
 * @param zeros float32 {@code [out, groups]}; mostly integers, which may lie outside the grid; zero where the grid is symmetric
 * @param input how the input is quantized
 * @param corrections what rides beside, in the order of their effect on the input
 */
public record LayerPlan(
        IntGrid grid,
        Granularity at,
        Tensor codes,
        Tensor scales,
        Tensor zeros,
        InputPlan input,
        List<Correction> corrections) {
    /** Checks that the parts fit together. */
    public LayerPlan {
        corrections = List.copyOf(corrections);
        if (codes.dim() != 2 || DTypes.of(codes) != grid.codeType()) {
            throw new IllegalArgumentException("codes of type " + DTypes.of(codes) + " "
                    + Arrays.toString(Tensors.shape(codes)) + ", not " + grid.codeType() + " [out, in]");
        }
        long[] pairs = {codes.size(0), at.groups((int) codes.size(1))};
        if (!Arrays.equals(Tensors.shape(scales), pairs) || !Arrays.equals(Tensors.shape(zeros), pairs)) {
            throw new IllegalArgumentException("scales " + Arrays.toString(Tensors.shape(scales)) + " and zeros "
                    + Arrays.toString(Tensors.shape(zeros)) + ", not " + Arrays.toString(pairs));
        }
        if (corrections.stream().map(Object::getClass).distinct().count() != corrections.size()) {
            throw new IllegalArgumentException("two corrections of one kind in " + corrections);
        }
    }

    /** The correction of {@code kind}, if there is one. */
    public <C extends Correction> Optional<C> correction(Class<C> kind) {
        return corrections.stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    /** The same weights with another plan for the input; outlier channels get {@code dualInput}. */
    public LayerPlan withInput(InputPlan input, InputPlan dualInput) {
        List<Correction> changed = new ArrayList<>();
        for (Correction correction : corrections) {
            changed.add(
                    correction instanceof Correction.DualScale dual
                            ? new Correction.DualScale(dual.columns(), dual.scales(), dual.zeros(), dualInput)
                            : correction);
        }
        return new LayerPlan(grid, at, codes, scales, zeros, input, changed);
    }

    /** Output channels. */
    public int outFeatures() {
        return (int) codes.size(0);
    }

    /** Input channels. */
    public int inFeatures() {
        return (int) codes.size(1);
    }

    /** All tensors of this plan. */
    public List<Tensor> tensors() {
        List<Tensor> tensors = new ArrayList<>(List.of(codes, scales, zeros));
        corrections.forEach(correction -> tensors.addAll(correction.tensors()));
        return tensors;
    }
}
