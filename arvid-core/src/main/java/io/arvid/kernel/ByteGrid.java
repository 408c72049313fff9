package io.arvid.kernel;

import io.arvid.quantize.scheme.IntGrid;

/**
 * A grid of at most eight bits as unsigned bytes: unsigned codes as they are, signed ones with 128 added.
 *
 * @param lowest smallest code of the grid
 * @param highest largest code of the grid
 * @param shift what is added to a code to make a byte
 */
record ByteGrid(int lowest, int highest, int shift) {
    private static final int SIGNED_SHIFT = 128;

    /** The bytes of {@code grid}. */
    static ByteGrid of(IntGrid grid) {
        return new ByteGrid(grid.lowest(), grid.highest(), grid.symmetric() ? SIGNED_SHIFT : 0);
    }
}
