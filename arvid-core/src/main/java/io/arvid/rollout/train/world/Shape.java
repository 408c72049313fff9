package io.arvid.rollout.train.world;

/** What the prompt says about one shape; where it starts is up to the {@link Scene}. */
public record Shape(ShapeSize size, ShapeColor color, ShapeKind kind, Direction direction, Speed speed) {

    /** Center of the bounding box at a frame: straight motion from the start, reflected at the borders. */
    public Point centerAt(Point start, int frame, WorldSpec spec) {
        double travelled = direction.sign() * spec.pixelsPerFrame(speed) * frame;
        return direction.horizontal()
                ? new Point(spec.reachX(this).fold(start.x() + travelled), start.y())
                : new Point(start.x(), spec.reachY(this).fold(start.y() + travelled));
    }
}
