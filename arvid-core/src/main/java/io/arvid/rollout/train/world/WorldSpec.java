package io.arvid.rollout.train.world;

/** The measures of the world: size of a frame in pixels and length of a clip in frames. Radii and speeds grow with the frame. */
public record WorldSpec(int width, int height, int frameCount, int framesPerSecond) {

    /** The frame side at which the radii of {@link ShapeSize} and the speeds of {@link Speed} are stated. */
    public static final int UNIT_PIXELS = 64;

    /** 64×64 pixels, 81 frames (21 latent frames of four, the first of one), 16 a second. */
    public static final WorldSpec DEFAULT = new WorldSpec(UNIT_PIXELS, UNIT_PIXELS, 81, 16);

    private static final int CHANNELS = 3;

    public WorldSpec {
        if (width < 1 || height < 1 || frameCount < 1 || framesPerSecond < 1) {
            throw new IllegalArgumentException("width, height, frameCount and framesPerSecond must be positive");
        }
    }

    /** Pixels of this world for one pixel of the unit frame. */
    public double scale() {
        return Math.min(width, height) / (double) UNIT_PIXELS;
    }

    public double radius(ShapeSize size) {
        return size.unitRadius() * scale();
    }

    public double pixelsPerFrame(Speed speed) {
        return speed.unitPixelsPerFrame() * scale();
    }

    /** Half the side of the shape's bounding box, in pixels. */
    public double halfExtent(Shape shape) {
        return shape.kind().halfExtent(radius(shape.size()));
    }

    /** The area of a shape in square pixels. */
    public double area(ShapeKind kind, ShapeSize size) {
        return kind.area(radius(size));
    }

    /** Where the center of the shape may lie along x; the whole shape stays inside the frame. */
    public Interval reachX(Shape shape) {
        double half = halfExtent(shape);
        return new Interval(half, width - half);
    }

    /** Where the center of the shape may lie along y. */
    public Interval reachY(Shape shape) {
        double half = halfExtent(shape);
        return new Interval(half, height - half);
    }

    /** Pixels in one frame. */
    public int pixelCount() {
        return width * height;
    }

    /** Numbers in one frame {@code [3, H, W]}. */
    public int valuesPerFrame() {
        return CHANNELS * width * height;
    }

    /** Numbers in one clip {@code [T, 3, H, W]}. */
    public int valuesPerClip() {
        return frameCount * valuesPerFrame();
    }
}
