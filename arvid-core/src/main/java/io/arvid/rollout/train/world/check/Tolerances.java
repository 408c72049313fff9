package io.arvid.rollout.train.world.check;

/**
 * What the checker lets pass. Lengths are in pixels and areas in square pixels of the unit frame of 64 pixels.
 *
 * @param colorDistance farthest RGB distance from the palette color; about half the least distance of a shape color from any other
 * @param leastArea smallest area of a region that counts: a quarter of a small shape
 * @param seenShare a color is in the video when seen in this share of the frames; less than half, since a shape may hide behind the other
 * @param strayShare a color outside the prompt is a mistake when seen in this share of the frames
 * @param clearArea a frame is left out of a track when less than this share of the shape's area is visible
 * @param clearAreaTouching the same where the shape touches another, which may hide a part of it
 * @param leastClearFrames fewest frames from which a track is judged
 * @param lagFrames frames between the two ends of a velocity
 * @param leastVelocities fewest velocities away from the borders from which the steadiness of a motion is judged; with fewer, the fit decides
 * @param fitPixels largest mean error of a fit that decides
 * @param borderPixels width of the zone at each border in which a shape may turn
 * @param jumpPixels farthest step between two frames beyond twice the quick speed
 * @param stalledShare largest share of velocities away from the borders that may be near zero
 * @param backgroundDistance farthest RGB distance of the background from its palette color
 * @param driftLevels largest mean change, in levels of 255, of the background between the first and the last chunk
 * @param chunkFrames frames in a chunk
 */
public record Tolerances(
        double colorDistance,
        double leastArea,
        double seenShare,
        double strayShare,
        double clearArea,
        double clearAreaTouching,
        int leastClearFrames,
        int lagFrames,
        int leastVelocities,
        double fitPixels,
        double borderPixels,
        double jumpPixels,
        double stalledShare,
        double backgroundDistance,
        double driftLevels,
        int chunkFrames) {

    /** For clips of 81 frames in chunks of twelve frames. */
    public static final Tolerances DEFAULT =
            new Tolerances(70, 38, 0.35, 0.2, 0.6, 0.93, 8, 6, 5, 1.5, 4, 4, 0.25, 50, 8, 12);
}
