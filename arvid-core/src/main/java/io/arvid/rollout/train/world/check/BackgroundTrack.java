package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.Background;
import io.arvid.rollout.train.world.Rgb;
import io.arvid.rollout.train.world.WorldSpec;
import java.util.Arrays;

/**
 * The background color through the clip: the median of each channel over the border of each frame.
 *
 * @param levels levels of 255, one row {red, green, blue} a frame
 */
record BackgroundTrack(double[][] levels) {

    private static final int CHANNELS = 3;
    private static final int BORDER_PIXELS = 2;

    static BackgroundTrack of(byte[] video, WorldSpec spec) {
        double[][] levels = new double[video.length / spec.valuesPerFrame()][CHANNELS];
        for (int t = 0; t < levels.length; t++) {
            for (int c = 0; c < CHANNELS; c++) {
                levels[t][c] = borderMedian(video, t * spec.valuesPerFrame() + c * spec.pixelCount(), spec);
            }
        }
        return new BackgroundTrack(levels);
    }

    private static double borderMedian(byte[] video, int offset, WorldSpec spec) {
        double[] values = new double[spec.pixelCount()];
        int count = 0;
        for (int y = 0; y < spec.height(); y++) {
            boolean edgeRow = y < BORDER_PIXELS || y >= spec.height() - BORDER_PIXELS;
            for (int x = 0; x < spec.width(); x++) {
                if (edgeRow || x < BORDER_PIXELS || x >= spec.width() - BORDER_PIXELS) {
                    values[count++] = PixelClasses.level(video[offset + y * spec.width() + x]);
                }
            }
        }
        return Medians.median(Arrays.copyOf(values, count));
    }

    /** True when the background is nearest to this color, and near it, in every frame. */
    boolean isAlways(Background wanted, double tolerance) {
        for (double[] level : levels) {
            double distance = distance(wanted, level);
            for (Background other : Background.values()) {
                if (distance > tolerance || (other != wanted && distance(other, level) <= distance)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Mean over the channels of |mean of the last chunk - mean of the first chunk|, in levels of 255. */
    double drift(int chunkFrames) {
        int count = Math.min(chunkFrames, levels.length);
        double sum = 0;
        for (int c = 0; c < CHANNELS; c++) {
            double first = 0;
            double last = 0;
            for (int i = 0; i < count; i++) {
                first += levels[i][c];
                last += levels[levels.length - 1 - i][c];
            }
            sum += Math.abs(last - first) / count;
        }
        return sum / CHANNELS;
    }

    private static double distance(Background background, double[] level) {
        Rgb rgb = background.rgb();
        double sum = 0;
        for (int c = 0; c < CHANNELS; c++) {
            sum += Math.pow(level[c] - rgb.channel(c), 2);
        }
        return Math.sqrt(sum);
    }
}
