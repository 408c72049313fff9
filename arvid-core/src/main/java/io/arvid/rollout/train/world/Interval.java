package io.arvid.rollout.train.world;

/** A closed range of one coordinate, in pixels. */
public record Interval(double low, double high) {

    public double length() {
        return high - low;
    }

    /** The point at a fraction of the way from low to high. */
    public double at(double fraction) {
        return low + fraction * length();
    }

    /** Specular reflection at both ends: where a point ends up that travels straight to {@code value} and bounces. */
    public double fold(double value) {
        double length = length();
        if (length <= 0) {
            return low;
        }
        double period = 2 * length;
        double phase = value - low;
        phase -= period * Math.floor(phase / period);
        return low + (phase <= length ? phase : period - phase);
    }
}
