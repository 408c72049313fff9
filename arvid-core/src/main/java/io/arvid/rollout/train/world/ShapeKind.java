package io.arvid.rollout.train.world;

/** The kinds of shapes. All three have nearly the area of the circle with the same radius. */
public enum ShapeKind implements Worded {
    /** d = |(dx, dy)| - r. */
    CIRCLE("circle", 1.0, Math.PI) {
        @Override
        double signedDistance(double dx, double dy, double halfExtent) {
            return Math.sqrt(dx * dx + dy * dy) - halfExtent;
        }
    },
    /** d = max(|dx|, |dy|) - h with h = r sqrt(pi) / 2. */
    SQUARE("square", Math.sqrt(Math.PI) / 2, Math.PI) {
        @Override
        double signedDistance(double dx, double dy, double halfExtent) {
            return Math.max(Math.abs(dx), Math.abs(dy)) - halfExtent;
        }
    },
    /** Points up and fills a square box: d = max(dy - h, (2|dx| - dy - h) / sqrt 5) with h = 1.2 r, so the area is 2 h². */
    TRIANGLE("triangle", 1.2, 2 * 1.2 * 1.2) {
        @Override
        double signedDistance(double dx, double dy, double halfExtent) {
            return Math.max(dy - halfExtent, (2 * Math.abs(dx) - dy - halfExtent) * INVERSE_SQRT_5);
        }
    };

    private static final double INVERSE_SQRT_5 = 1 / Math.sqrt(5);

    private final String word;
    private final double extentRatio;
    private final double areaRatio;

    ShapeKind(String word, double extentRatio, double areaRatio) {
        this.word = word;
        this.extentRatio = extentRatio;
        this.areaRatio = areaRatio;
    }

    @Override
    public String word() {
        return word;
    }

    /** Half the side of the bounding box of a shape of this radius. */
    double halfExtent(double radius) {
        return extentRatio * radius;
    }

    /** The area in square pixels of a shape of this radius. */
    double area(double radius) {
        return areaRatio * radius * radius;
    }

    /** Distance in pixels from the outline, negative inside, of a point at (dx, dy) from the center of the bounding box. */
    abstract double signedDistance(double dx, double dy, double halfExtent);
}
