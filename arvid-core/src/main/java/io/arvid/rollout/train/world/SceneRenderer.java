package io.arvid.rollout.train.world;

import java.util.Arrays;
import java.util.List;

/**
 * Draws scenes with antialiased outlines: the coverage of a pixel is clamp(1/2 - d) with d the signed distance of its center from the outline.
 *
 * <p>Frames have the layout {@code [T, 3, H, W]}; only the bounding boxes of the shapes are computed pixel by pixel.
 */
public final class SceneRenderer {

    private static final int CHANNELS = 3;
    private static final float BYTE_MAX = 255f;

    private final WorldSpec spec;

    public SceneRenderer(WorldSpec spec) {
        this.spec = spec;
    }

    /** The whole clip, values in 0..1, {@code [T, 3, H, W]}. */
    public float[] render(Scene scene) {
        float[] clip = new float[spec.valuesPerClip()];
        render(scene, 0, spec.frameCount(), clip, 0);
        return clip;
    }

    /** The whole clip, values in 0..255 unsigned, {@code [T, 3, H, W]}. */
    public byte[] renderBytes(Scene scene) {
        return toBytes(render(scene));
    }

    /** Rounds values in 0..1 to 0..255 unsigned; what lies outside is clamped. */
    public static byte[] toBytes(float[] values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) Math.clamp(Math.round(values[i] * BYTE_MAX), 0, (int) BYTE_MAX);
        }
        return bytes;
    }

    /** Writes {@code count} frames from frame {@code start} to {@code out[offset ...]}, values in 0..1, {@code [count, 3, H, W]}. */
    public void render(Scene scene, int start, int count, float[] out, int offset) {
        for (int i = 0; i < count; i++) {
            renderFrame(scene, start + i, out, offset + i * spec.valuesPerFrame());
        }
    }

    private void renderFrame(Scene scene, int frame, float[] out, int offset) {
        Rgb background = scene.description().background().rgb();
        int plane = spec.pixelCount();
        for (int c = 0; c < CHANNELS; c++) {
            int from = offset + c * plane;
            Arrays.fill(out, from, from + plane, background.channel(c) / BYTE_MAX);
        }
        List<Shape> shapes = scene.description().shapes();
        for (int s = 0; s < shapes.size(); s++) {
            drawShape(shapes.get(s), scene.centerAt(s, frame, spec), out, offset);
        }
    }

    private void drawShape(Shape shape, Point center, float[] out, int offset) {
        double half = spec.halfExtent(shape);
        ShapeKind kind = shape.kind();
        Rgb rgb = shape.color().rgb();
        float red = rgb.red() / BYTE_MAX;
        float green = rgb.green() / BYTE_MAX;
        float blue = rgb.blue() / BYTE_MAX;
        int plane = spec.pixelCount();
        int left = Math.max(0, (int) Math.floor(center.x() - half - 1));
        int right = Math.min(spec.width() - 1, (int) Math.ceil(center.x() + half + 1));
        int top = Math.max(0, (int) Math.floor(center.y() - half - 1));
        int bottom = Math.min(spec.height() - 1, (int) Math.ceil(center.y() + half + 1));
        for (int y = top; y <= bottom; y++) {
            int row = offset + y * spec.width();
            double dy = y + 0.5 - center.y();
            for (int x = left; x <= right; x++) {
                float coverage = (float) (0.5 - kind.signedDistance(x + 0.5 - center.x(), dy, half));
                if (coverage > 0) {
                    float alpha = Math.min(1, coverage);
                    int at = row + x;
                    out[at] += alpha * (red - out[at]);
                    out[at + plane] += alpha * (green - out[at + plane]);
                    out[at + 2 * plane] += alpha * (blue - out[at + 2 * plane]);
                }
            }
        }
    }
}
