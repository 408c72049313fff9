package io.arvid.rollout.train.world;

/** A color with channels in 0..255. */
public record Rgb(int red, int green, int blue) {

    /** The channel in the order of the planes of a frame: 0 red, 1 green, 2 blue. */
    public int channel(int index) {
        return switch (index) {
            case 0 -> red;
            case 1 -> green;
            case 2 -> blue;
            default -> throw new IndexOutOfBoundsException(index);
        };
    }

    /** Squared Euclidean distance to another color. */
    public int squaredDistance(int otherRed, int otherGreen, int otherBlue) {
        int dr = red - otherRed;
        int dg = green - otherGreen;
        int db = blue - otherBlue;
        return dr * dr + dg * dg + db * db;
    }
}
