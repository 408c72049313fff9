package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.Direction;
import io.arvid.rollout.train.world.Shape;
import io.arvid.rollout.train.world.ShapeKind;
import io.arvid.rollout.train.world.ShapeSize;
import io.arvid.rollout.train.world.Speed;
import org.jspecify.annotations.Nullable;

/**
 * What was found where one shape of the prompt should be; null where nothing fits.
 *
 * @param expected the shape of the prompt
 * @param kind the kind found
 * @param size the size found
 * @param direction the first direction of a consistent track
 * @param speed the speed found
 * @param area area in square pixels
 * @param pixelsPerFrame median speed away from the borders
 * @param fitError mean distance in pixels from the bouncing motion that fits best
 */
public record ShapeCheck(
        Shape expected,
        @Nullable ShapeKind kind,
        @Nullable ShapeSize size,
        @Nullable Direction direction,
        @Nullable Speed speed,
        double area,
        double pixelsPerFrame,
        double fitError) {

    /** No region of the shape's color was found. */
    static ShapeCheck absent(Shape expected) {
        return new ShapeCheck(expected, null, null, null, null, 0, 0, Double.NaN);
    }

    public boolean kindRight() {
        return kind == expected.kind();
    }

    public boolean sizeRight() {
        return size == expected.size();
    }

    public boolean directionRight() {
        return direction == expected.direction();
    }

    public boolean speedRight() {
        return speed == expected.speed();
    }
}
