package io.arvid.quantize.scheme;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** What rides beside the integers of a layer. Tensors are float32 unless said otherwise; {@code in} and {@code out} are the layer's features. */
public sealed interface Correction {
    /**
     * The input is divided by a factor a channel; the codes are those of {@code W · diag(factors)} (SmoothQuant, PTQ4DiT).
     *
     * @param factors positive, {@code [in]}
     */
    record ChannelScale(Tensor factors) implements Correction {}

    /**
     * A value a channel is subtracted from the input, and its part of the output is added back (QVD's SCRI).
     *
     * @param shift {@code [in]}
     * @param outputShift {@code W · shift}, {@code [out]}
     */
    record ChannelShift(Tensor shift, Tensor outputShift) implements Correction {}

    /**
     * The input is multiplied by a rotation; the codes are those of {@code W · R}.
     *
     * @param kind family of orthogonal matrices
     * @param blockSize size of one block on the diagonal of R; divides {@code in}
     */
    record Rotation(Kind kind, int blockSize) implements Correction {
        /** Families of orthogonal block matrices. */
        public enum Kind {
            /** {@code H / √n} with {@code H_2n = [[H, H], [H, −H]]}. */
            @JsonProperty("sylvester")
            SYLVESTER,
            /** Kronecker powers of {@code ½·[[1,1,1,−1],[1,1,−1,1],[1,−1,1,1],[−1,1,1,1]]}. */
            @JsonProperty("conv-rot")
            CONV_ROT
        }
    }

    /**
     * A second scale a row for the outlier columns (Q-ARVD, equation 8). Their codes stay in place, on the layer's own grid; only their meaning
     * and the quantization of their input channels differ.
     *
     * @param columns outlier input channels, int64 {@code [n]}, in any order, without repeats
     * @param scales their scales, {@code [out, 1]}
     * @param zeros their zero points, {@code [out, 1]}
     * @param input how these input channels are quantized; the layer's own plan then sees the other channels only
     */
    record DualScale(Tensor columns, Tensor scales, Tensor zeros, InputPlan input) implements Correction {}

    /**
     * A low-rank term {@code up · down · x} is added to the output.
     *
     * @param down {@code [rank, in]}
     * @param up {@code [out, rank]}
     * @param onQuantizedInput true where it is fed by the quantized input (QVGen), false by the input before its quantization (SVDQuant)
     */
    record LowRank(Tensor down, Tensor up, boolean onQuantizedInput) implements Correction {}

    /** The tensors of this correction. */
    default List<Tensor> tensors() {
        return switch (this) {
            case ChannelScale(Tensor factors) -> List.of(factors);
            case ChannelShift(Tensor shift, Tensor outputShift) -> List.of(shift, outputShift);
            case Rotation r -> List.of();
            case DualScale dual -> List.of(dual.columns(), dual.scales(), dual.zeros());
            case LowRank(Tensor down, Tensor up, boolean onQuantizedInput) -> List.of(down, up);
        };
    }
}
