package io.arvid.quantize.fit;

import io.arvid.quantize.scheme.Correction.Rotation;

/**
 * How layers are rotated: each in the largest blocks of a family that divide its inputs.
 *
 * @param family of orthogonal matrices
 * @param largestBlock upper bound on the channels of a block
 */
public record LayerRotation(Rotation.Kind family, int largestBlock) {
    /** Checks that the smallest block of the family is not too large. */
    public LayerRotation {
        int smallest = BlockRotation.smallest(family);
        if (largestBlock < smallest) {
            throw new IllegalArgumentException("largestBlock: " + largestBlock
                    + " rotates nothing; the smallest block of this family has " + smallest + " channels");
        }
    }

    /** The rotation of a layer of {@code inFeatures}; nothing where no block divides them. */
    public InputTransform of(int inFeatures) {
        Rotation rotation =
                BlockRotation.largest(family, inFeatures, largestBlock).rotation();
        return rotation.blockSize() == 1 ? InputTransform.NONE : InputTransform.rotating(rotation);
    }
}
