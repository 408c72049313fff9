package io.arvid.rollout.train.world;

/** The colors of shapes; any two of them, and any one and a {@link Background}, are at least 135 apart in RGB. */
public enum ShapeColor implements Worded {
    RED("red", new Rgb(235, 45, 45)),
    GREEN("green", new Rgb(30, 200, 60)),
    BLUE("blue", new Rgb(60, 100, 255)),
    YELLOW("yellow", new Rgb(250, 225, 50)),
    MAGENTA("magenta", new Rgb(230, 50, 220)),
    CYAN("cyan", new Rgb(60, 240, 240));

    private final String word;
    private final Rgb rgb;

    ShapeColor(String word, Rgb rgb) {
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
