package io.arvid.rollout.train.world;

/** The size of a shape, as a radius in pixels of a frame of {@link WorldSpec#UNIT_PIXELS}. */
public enum ShapeSize implements Worded {
    SMALL("small", 7),
    LARGE("large", 11);

    private final String word;
    private final double unitRadius;

    ShapeSize(String word, double unitRadius) {
        this.word = word;
        this.unitRadius = unitRadius;
    }

    @Override
    public String word() {
        return word;
    }

    double unitRadius() {
        return unitRadius;
    }
}
