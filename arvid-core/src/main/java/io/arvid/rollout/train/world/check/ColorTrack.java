package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.Interval;
import io.arvid.rollout.train.world.ShapeColor;
import io.arvid.rollout.train.world.WorldSpec;
import java.util.function.IntPredicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * One color followed through the clip. Measures use the clear frames only: those in which (nearly) the whole shape is visible.
 *
 * @param color the color
 * @param blobs the visible part in each frame
 * @param clearFrames indices of the clear frames, ascending
 */
record ColorTrack(ShapeColor color, Blob[] blobs, int[] clearFrames) {

    /** The area in this quantile of the frames is that of the whole shape, since hiding only takes area away. */
    private static final double WHOLE_QUANTILE = 0.75;

    /** Keeps the frames whose blob is whole, or nearly whole where it touches another color and may be hidden by it. */
    static ColorTrack of(ShapeColor color, Blob[] blobs, boolean[] touching, Tolerances tolerances) {
        double whole = wholeArea(blobs, touching, tolerances.leastClearFrames());
        int[] clear = IntStream.range(0, blobs.length)
                .filter(t -> blobs[t].area() > 0)
                .filter(t -> blobs[t].area()
                        >= whole * (touching[t] ? tolerances.clearAreaTouching() : tolerances.clearArea()))
                .toArray();
        return new ColorTrack(color, blobs, clear);
    }

    /** From the frames in which nothing touches the shape, or from all where those are few. */
    private static double wholeArea(Blob[] blobs, boolean[] touching, int leastFrames) {
        double[] free = areas(blobs, t -> !touching[t]);
        return Medians.quantile(free.length >= leastFrames ? free : areas(blobs, t -> true), WHOLE_QUANTILE);
    }

    private static double[] areas(Blob[] blobs, IntPredicate frames) {
        return IntStream.range(0, blobs.length)
                .filter(frames)
                .filter(t -> blobs[t].area() > 0)
                .mapToDouble(t -> blobs[t].area())
                .toArray();
    }

    /** Median of a measure over the clear frames. */
    double median(ToDoubleFunction<Blob> measure) {
        return Medians.median(clear(measure));
    }

    /** A measure in each clear frame. */
    double[] clear(ToDoubleFunction<Blob> measure) {
        return IntStream.of(clearFrames)
                .mapToDouble(t -> measure.applyAsDouble(blobs[t]))
                .toArray();
    }

    /** Regions in a typical clear frame. */
    int regionCount() {
        return (int) Math.round(median(Blob::regionCount));
    }

    /** Center of the shape along one axis in each clear frame: the centroid, moved by its usual offset from the box's center. */
    double[] path(boolean horizontal) {
        ToDoubleFunction<Blob> centroid = horizontal ? Blob::centroidX : Blob::centroidY;
        ToDoubleFunction<Blob> box = horizontal ? Blob::boxX : Blob::boxY;
        double offset = median(blob -> box.applyAsDouble(blob) - centroid.applyAsDouble(blob));
        return clear(blob -> centroid.applyAsDouble(blob) + offset);
    }

    /** Where the center can lie along one axis with the measured box inside the frame. */
    Interval reach(boolean horizontal, WorldSpec spec) {
        int side = horizontal ? spec.width() : spec.height();
        double half = median(horizontal ? Blob::width : Blob::height) / 2;
        return half < side / 2.0 ? new Interval(half, side - half) : new Interval(side / 2.0, side / 2.0);
    }
}
