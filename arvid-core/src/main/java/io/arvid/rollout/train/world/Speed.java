package io.arvid.rollout.train.world;

/** The speed of a shape, in pixels a frame of a picture of {@link WorldSpec#UNIT_PIXELS}. */
public enum Speed implements Worded {
    SLOWLY("slowly", 0.4),
    QUICKLY("quickly", 1.0);

    private final String word;
    private final double unitPixelsPerFrame;

    Speed(String word, double unitPixelsPerFrame) {
        this.word = word;
        this.unitPixelsPerFrame = unitPixelsPerFrame;
    }

    @Override
    public String word() {
        return word;
    }

    double unitPixelsPerFrame() {
        return unitPixelsPerFrame;
    }
}
