package io.arvid.rollout.train.world;

import java.util.List;

/** All that a prompt says about a scene: one or two shapes of different colors, the second drawn on top, and the background. */
public record SceneDescription(List<Shape> shapes, Background background) {

    private static final int MOST_SHAPES = 2;

    public SceneDescription {
        shapes = List.copyOf(shapes);
        if (shapes.isEmpty() || shapes.size() > MOST_SHAPES) {
            throw new IllegalArgumentException("a scene has one or two shapes, not " + shapes.size());
        }
        if (shapes.stream().map(Shape::color).distinct().count() < shapes.size()) {
            throw new IllegalArgumentException("the two shapes of a scene must differ in color");
        }
    }
}
