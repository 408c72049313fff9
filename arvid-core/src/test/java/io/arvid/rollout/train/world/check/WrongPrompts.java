package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.Background;
import io.arvid.rollout.train.world.Direction;
import io.arvid.rollout.train.world.SceneDescription;
import io.arvid.rollout.train.world.Shape;
import io.arvid.rollout.train.world.ShapeColor;
import io.arvid.rollout.train.world.ShapeKind;
import io.arvid.rollout.train.world.ShapeSize;
import io.arvid.rollout.train.world.Speed;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/** A description with one word changed at a time, and the verdict that has to notice it. */
final class WrongPrompts {

    /** A wrong description and whether a check noticed. */
    record Change(String word, SceneDescription wrong, Predicate<SemanticCheck> flaggedBy) {}

    private WrongPrompts() {}

    static List<Change> of(SceneDescription scene, RandomGenerator random) {
        List<Change> changes = new ArrayList<>();
        int i = random.nextInt(scene.shapes().size());
        Shape s = scene.shapes().get(i);
        ShapeColor newColor = other(ShapeColor.values(), s.color(), random);
        while (hasColor(scene, newColor)) {
            newColor = other(ShapeColor.values(), s.color(), random);
        }
        Shape color = new Shape(s.size(), newColor, s.kind(), s.direction(), s.speed());
        Shape kind =
                new Shape(s.size(), s.color(), other(ShapeKind.values(), s.kind(), random), s.direction(), s.speed());
        Shape size =
                new Shape(other(ShapeSize.values(), s.size(), random), s.color(), s.kind(), s.direction(), s.speed());
        Shape way =
                new Shape(s.size(), s.color(), s.kind(), other(Direction.values(), s.direction(), random), s.speed());
        Shape pace = new Shape(s.size(), s.color(), s.kind(), s.direction(), other(Speed.values(), s.speed(), random));
        changes.add(new Change("color", with(scene, i, color), check -> !check.colorRight()));
        changes.add(new Change("kind", with(scene, i, kind), check -> !check.kindRight()));
        changes.add(new Change("size", with(scene, i, size), check -> !check.sizeRight()));
        changes.add(new Change("direction", with(scene, i, way), check -> !check.directionRight()));
        changes.add(new Change("speed", with(scene, i, pace), check -> !check.speedRight()));
        changes.add(new Change("count", recounted(scene, color), check -> !check.countRight()));
        Background background = other(Background.values(), scene.background(), random);
        SceneDescription elsewhere = new SceneDescription(scene.shapes(), background);
        changes.add(new Change("background", elsewhere, check -> !check.backgroundRight()));
        return changes;
    }

    /** One shape fewer where there are two, one more where there is one. */
    private static SceneDescription recounted(SceneDescription scene, Shape extra) {
        List<Shape> shapes = new ArrayList<>(scene.shapes());
        if (shapes.size() > 1) {
            shapes.removeLast();
        } else {
            shapes.add(extra);
        }
        return new SceneDescription(shapes, scene.background());
    }

    private static boolean hasColor(SceneDescription scene, ShapeColor color) {
        return scene.shapes().stream().anyMatch(shape -> shape.color() == color);
    }

    private static SceneDescription with(SceneDescription scene, int index, Shape shape) {
        List<Shape> shapes = new ArrayList<>(scene.shapes());
        shapes.set(index, shape);
        return new SceneDescription(shapes, scene.background());
    }

    private static <E extends Enum<E>> E other(E[] values, E value, RandomGenerator random) {
        int shift = 1 + random.nextInt(values.length - 1);
        return values[(value.ordinal() + shift) % values.length];
    }
}
