package io.arvid.rollout.train.world.check;

/**
 * The visible part of one color in one frame; small stray regions are left out.
 *
 * @param area pixels
 * @param centroidX mean x of the pixel centers
 * @param centroidY mean y of the pixel centers
 * @param width width of the bounding box in pixels
 * @param height height of the bounding box in pixels
 * @param boxX center of the bounding box
 * @param boxY center of the bounding box
 * @param taper area below the middle of the bounding box minus area above it, as a share of the area: 1/2 for a triangle that points up
 * @param regionCount connected regions
 */
record Blob(
        int area,
        double centroidX,
        double centroidY,
        int width,
        int height,
        double boxX,
        double boxY,
        double taper,
        int regionCount) {

    static final Blob ABSENT = new Blob(0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** Share of the bounding box that is filled: 1 for a square, pi/4 for a circle, 1/2 for a triangle. */
    double fillRatio() {
        return area == 0 ? 0 : area / (double) (width * height);
    }
}
