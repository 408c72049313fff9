package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.Background;
import io.arvid.rollout.train.world.Rgb;
import io.arvid.rollout.train.world.ShapeColor;
import io.arvid.rollout.train.world.WorldSpec;
import java.util.ArrayList;
import java.util.List;

/** Names the palette color of every pixel of a clip: the nearest one, or none where all are too far. */
final class PixelClasses {

    /** The class of pixels near no palette color. */
    static final byte NONE = -1;

    private static final List<Rgb> PALETTE = palette();

    /** A color this near, squared, to a palette color is nearer to it than to any other: less than half the least distance in the palette. */
    private static final int SURE_DISTANCE = 50 * 50;

    private PixelClasses() {}

    /** Class a pixel {@code [T, H, W]}: the ordinal of the {@link ShapeColor}, a number past those for a background, or {@link #NONE}. */
    static byte[] of(byte[] video, WorldSpec spec, double tolerance) {
        int plane = spec.pixelCount();
        byte[] classes = new byte[video.length / spec.valuesPerFrame() * plane];
        byte previous = 0;
        for (int i = 0, at = 0; i < classes.length; i++, at++) {
            if (i > 0 && i % plane == 0) {
                at += spec.valuesPerFrame() - plane;
            }
            int red = level(video[at]);
            int green = level(video[at + plane]);
            int blue = level(video[at + 2 * plane]);
            // Most pixels have the class of the one before.
            if (PALETTE.get(previous).squaredDistance(red, green, blue) < SURE_DISTANCE) {
                classes[i] = previous;
                continue;
            }
            classes[i] = nearest(red, green, blue, tolerance);
            previous = classes[i] == NONE ? previous : classes[i];
        }
        return classes;
    }

    static int level(byte value) {
        return Byte.toUnsignedInt(value);
    }

    private static byte nearest(int red, int green, int blue, double tolerance) {
        byte best = NONE;
        double least = tolerance * tolerance;
        for (byte i = 0; i < PALETTE.size(); i++) {
            int distance = PALETTE.get(i).squaredDistance(red, green, blue);
            if (distance < least) {
                least = distance;
                best = i;
            }
        }
        return best;
    }

    private static List<Rgb> palette() {
        List<Rgb> palette = new ArrayList<>();
        for (ShapeColor color : ShapeColor.values()) {
            palette.add(color.rgb());
        }
        for (Background background : Background.values()) {
            palette.add(background.rgb());
        }
        return List.copyOf(palette);
    }
}
