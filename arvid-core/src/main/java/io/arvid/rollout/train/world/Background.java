package io.arvid.rollout.train.world;

/** The plain backgrounds, at least 110 apart in RGB. */
public enum Background implements Worded {
    BLACK("black", new Rgb(0, 0, 0)),
    NAVY("navy", new Rgb(10, 20, 110)),
    GRAY("gray", new Rgb(128, 128, 128));

    private final String word;
    private final Rgb rgb;

    Background(String word, Rgb rgb) {
        this.word = word;
        this.rgb = rgb;
    }

    @Override
    public String word() {
        return word;
    }

    public Rgb rgb() {
        return rgb;
    }
}
