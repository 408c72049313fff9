package io.arvid.quantize.scheme;

import io.arvid.quantize.scheme.Correction.Rotation;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** Orthogonal matrices whose entries are ± one number: blocks of a {@link Rotation}. Both families are symmetric, so each is its own inverse. */
public final class RotationMatrix {
    private static final int[][] SYLVESTER_SEED = {{1, 1}, {1, -1}};
    private static final int[][] CONV_ROT_SEED = {{1, 1, 1, -1}, {1, 1, -1, 1}, {1, -1, 1, 1}, {-1, 1, 1, 1}};

    private RotationMatrix() {}

    /** One block of {@code rotation}: float32 {@code [blockSize, blockSize]}. */
    public static Tensor of(Rotation rotation) {
        int[][] signs = signs(rotation.kind(), rotation.blockSize());
        int size = rotation.blockSize();
        float entry = (float) (1 / Math.sqrt(size));
        float[] values = new float[size * size];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                values[i * size + j] = signs[i][j] * entry;
            }
        }
        return Tensors.of(values, size, size);
    }

    /** Signs of the entries: the Kronecker power of the family's seed that has {@code size} rows. */
    public static int[][] signs(Rotation.Kind kind, int size) {
        int[][] seed = switch (kind) {
            case SYLVESTER -> SYLVESTER_SEED;
            case CONV_ROT -> CONV_ROT_SEED;
        };
        int[][] matrix = {{1}};
        while (matrix.length < size) {
            matrix = kronecker(seed, matrix);
        }
        if (matrix.length != size) {
            throw new IllegalArgumentException(
                    "a " + kind + " rotation of size " + size + "; sizes are powers of " + seed.length);
        }
        return matrix;
    }

    private static int[][] kronecker(int[][] a, int[][] b) {
        int n = b.length;
        int[][] product = new int[a.length * n][a.length * n];
        for (int i = 0; i < product.length; i++) {
            for (int j = 0; j < product.length; j++) {
                product[i][j] = a[i / n][j / n] * b[i % n][j % n];
            }
        }
        return product;
    }
}
