package io.arvid.tensor;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The number types that arvid stores and computes in, with their names in safetensors files. */
public enum DTypes {
    F64("F64", 8, ScalarType.Double),
    F32("F32", 4, ScalarType.Float),
    F16("F16", 2, ScalarType.Half),
    BF16("BF16", 2, ScalarType.BFloat16),
    /** Eight-bit floats with four exponent bits: ±448, no infinities. */
    F8_E4M3("F8_E4M3", 1, ScalarType.Float8_e4m3fn),
    I64("I64", 8, ScalarType.Long),
    I32("I32", 4, ScalarType.Int),
    I16("I16", 2, ScalarType.Short),
    I8("I8", 1, ScalarType.Char),
    U8("U8", 1, ScalarType.Byte),
    BOOL("BOOL", 1, ScalarType.Bool);

    private final String safetensorsName;
    private final int bytes;
    private final ScalarType torch;

    DTypes(String safetensorsName, int bytes, ScalarType torch) {
        this.safetensorsName = safetensorsName;
        this.bytes = bytes;
        this.torch = torch;
    }

    /** Name in a safetensors header. */
    public String safetensorsName() {
        return safetensorsName;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** libtorch's name of this type. */
    public ScalarType torch() {
        return torch;
    }

    /** True for the types that hold fractions. */
    public boolean isFloating() {
        return this == F64 || this == F32 || this == F16 || this == BF16 || this == F8_E4M3;
    }

    /** The lowest finite number of a floating type. */
    public double lowest() {
        return switch (this) {
            case F64 -> -Double.MAX_VALUE;
            case F32 -> -Float.MAX_VALUE;
            case F16 -> -65504;
            case BF16 -> -0x1.FEp127;
            case F8_E4M3 -> -448;
            default -> throw new IllegalArgumentException(this + " is not a floating type");
        };
    }

    /** The type of {@code tensor}'s elements. */
    public static DTypes of(Tensor tensor) {
        ScalarType type = tensor.scalar_type().intern();
        for (DTypes candidate : values()) {
            if (candidate.torch == type) {
                return candidate;
            }
        }
        throw new IllegalArgumentException("arvid has no name for the tensor type " + type);
    }

    /** The type that a safetensors header calls {@code name}; {@code IllegalArgumentException} for any other. */
    public static DTypes ofSafetensorsName(String name) {
        for (DTypes candidate : values()) {
            if (candidate.safetensorsName.equals(name)) {
                return candidate;
            }
        }
        throw new IllegalArgumentException("unknown safetensors dtype '" + name + "'");
    }
}
