package io.arvid.rollout.train.world;

/** The direction in which a shape sets out; y grows downwards. */
public enum Direction implements Worded {
    LEFT("left", true, -1),
    RIGHT("right", true, 1),
    UP("up", false, -1),
    DOWN("down", false, 1);

    private final String word;
    private final boolean horizontal;
    private final int sign;

    Direction(String word, boolean horizontal, int sign) {
        this.word = word;
        this.horizontal = horizontal;
        this.sign = sign;
    }

    @Override
    public String word() {
        return word;
    }

    /** True for motion along x, false for motion along y. */
    public boolean horizontal() {
        return horizontal;
    }

    /** +1 where the coordinate grows, -1 where it shrinks. */
    public int sign() {
        return sign;
    }
}
