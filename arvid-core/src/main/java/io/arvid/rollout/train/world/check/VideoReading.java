package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.ShapeColor;
import io.arvid.rollout.train.world.WorldSpec;
import java.util.EnumMap;
import java.util.Map;

/**
 * All that is measured in a video before the prompt is looked at.
 *
 * @param tracks the colors seen in enough frames to be a shape or a mistake
 * @param seenShares share of the frames in which each shape color has a region of sufficient area
 * @param background the background through the clip
 */
record VideoReading(
        Map<ShapeColor, TrackReading> tracks, Map<ShapeColor, Double> seenShares, BackgroundTrack background) {

    /** Regions of different colors closer than this touch: an antialiased or slightly blurred edge lies between them. */
    private static final int TOUCH_PIXELS = 3;

    static VideoReading of(byte[] video, WorldSpec spec, Tolerances tolerances) {
        byte[] classes = PixelClasses.of(video, spec, tolerances.colorDistance());
        Map<ShapeColor, Blob[]> blobs = new EnumMap<>(ShapeColor.class);
        Map<ShapeColor, Double> shares = new EnumMap<>(ShapeColor.class);
        for (ShapeColor color : ShapeColor.values()) {
            Blob[] found = blobs(classes, spec, tolerances, color);
            double share = share(found);
            shares.put(color, share);
            if (share >= tolerances.strayShare()) {
                blobs.put(color, found);
            }
        }
        Map<ShapeColor, TrackReading> tracks = new EnumMap<>(ShapeColor.class);
        blobs.forEach((color, found) -> {
            boolean[] touching = new boolean[found.length];
            for (int t = 0; t < touching.length; t++) {
                touching[t] = touches(classes, t, color, blobs, spec);
            }
            tracks.put(color, TrackReading.of(ColorTrack.of(color, found, touching, tolerances), spec, tolerances));
        });
        return new VideoReading(tracks, shares, BackgroundTrack.of(video, spec));
    }

    private static Blob[] blobs(byte[] classes, WorldSpec spec, Tolerances tolerances, ShapeColor color) {
        double leastArea = tolerances.leastArea() * spec.scale() * spec.scale();
        BlobFinder finder = new BlobFinder(spec.width(), spec.height(), leastArea);
        Blob[] blobs = new Blob[classes.length / spec.pixelCount()];
        for (int t = 0; t < blobs.length; t++) {
            blobs[t] = finder.find(classes, t * spec.pixelCount(), (byte) color.ordinal());
        }
        return blobs;
    }

    private static double share(Blob[] blobs) {
        int seen = 0;
        for (Blob blob : blobs) {
            seen += blob.area() > 0 ? 1 : 0;
        }
        return seen / (double) blobs.length;
    }

    /** True when a pixel of this color lies near a pixel of another tracked color that has a region in this frame. */
    private static boolean touches(
            byte[] classes, int frame, ShapeColor color, Map<ShapeColor, Blob[]> blobs, WorldSpec spec) {
        boolean[] others = new boolean[ShapeColor.values().length];
        boolean any = false;
        for (Map.Entry<ShapeColor, Blob[]> entry : blobs.entrySet()) {
            boolean other = entry.getKey() != color && entry.getValue()[frame].area() > 0;
            others[entry.getKey().ordinal()] = other;
            any |= other;
        }
        int offset = frame * spec.pixelCount();
        for (int at = 0; any && at < spec.pixelCount(); at++) {
            if (classes[offset + at] == color.ordinal() && nearAny(classes, offset, at, others, spec)) {
                return true;
            }
        }
        return false;
    }

    private static boolean nearAny(byte[] classes, int offset, int at, boolean[] others, WorldSpec spec) {
        int x = at % spec.width();
        int y = at / spec.width();
        for (int ny = Math.max(0, y - TOUCH_PIXELS); ny <= Math.min(spec.height() - 1, y + TOUCH_PIXELS); ny++) {
            for (int nx = Math.max(0, x - TOUCH_PIXELS); nx <= Math.min(spec.width() - 1, x + TOUCH_PIXELS); nx++) {
                byte found = classes[offset + ny * spec.width() + nx];
                if (found >= 0 && found < others.length && others[found]) {
                    return true;
                }
            }
        }
        return false;
    }
}
