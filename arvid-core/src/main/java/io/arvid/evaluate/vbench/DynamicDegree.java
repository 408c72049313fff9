package io.arvid.evaluate.vbench;

import io.arvid.evaluate.Direction;
import io.arvid.evaluate.Frames;
import io.arvid.evaluate.VideoMetric;
import io.arvid.evaluate.net.OpticalFlow;
import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * VBench's dynamic degree: the share of videos that move. A video moves where enough of its frame pairs have a large flow.
 *
 * <pre>{@code
 * frames at about 8 a second;  motion of a pair = mean of the largest 5 % of flow lengths
 * moves  ⇔  #{motion > 6 · shorter side / 256} ≥ round(4 · frames / 16)
 * }</pre>
 *
 * <p>As in the official code, halves round to even, so a video of only two sampled frames always counts as moving.
 */
public final class DynamicDegree implements VideoMetric {
    private static final double LARGEST_SHARE = 0.05;
    private static final int SAMPLES_PER_SECOND = 8;
    private static final int PAD_TO = 8;

    private final OpticalFlow network;
    private final double framesPerSecond;

    /**
     * Scores with {@code network}: RAFT in VBench.
     *
     * @param framesPerSecond of the videos
     */
    public DynamicDegree(OpticalFlow network, double framesPerSecond) {
        this.network = network;
        this.framesPerSecond = framesPerSecond;
    }

    @Override
    public String id() {
        return "dynamic_degree";
    }

    @Override
    public Direction direction() {
        return Direction.HIGHER_IS_BETTER;
    }

    /** One number: 1 where the video moves, else 0. */
    @Override
    public double[] perFrame(Tensor video) {
        double[] motions = motions(video);
        double threshold = 6.0 * (Math.min(video.size(2), video.size(3)) / 256.0);
        long enough = (long) Math.rint(4 * ((motions.length + 1) / 16.0));
        long moving =
                Arrays.stream(motions).filter(motion -> motion > threshold).count();
        boolean moves = motions.length > 0 && moving >= enough;
        return new double[] {moves ? 1 : 0};
    }

    /** Motion of each pair of neighbouring sampled frames, in pixels. */
    double[] motions(Tensor video) {
        int interval = (int) Math.max(1, Math.rint(framesPerSecond / SAMPLES_PER_SECOND));
        int sampled = (int) Math.ceilDiv(video.size(0), interval);
        double[] motions = new double[Math.max(0, sampled - 1)];
        for (int i = 0; i < motions.length; i++) {
            motions[i] = motion(video, (long) i * interval, (long) (i + 1) * interval);
        }
        return motions;
    }

    /** Mean of the largest flow lengths between two frames; padded borders count, as in VBench. */
    private double motion(Tensor video, long from, long to) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor flow = network.flow(padded(video, from), padded(video, to));
            double[] lengths =
                    Tensors.toDoubles(Ops.sum(flow.square(), false, 1).sqrt());
            Arrays.sort(lengths);
            int largest = (int) (lengths.length * LARGEST_SHARE);
            return Arrays.stream(lengths, lengths.length - largest, lengths.length)
                    .average()
                    .orElse(Double.NaN);
        }
    }

    private static Tensor padded(Tensor video, long t) {
        long tall = Math.floorMod(-video.size(2), PAD_TO);
        long wide = Math.floorMod(-video.size(3), PAD_TO);
        return ImageOps.padReplicate(
                Frames.scaledTo255(video, t, t + 1), wide / 2, wide - wide / 2, tall / 2, tall - tall / 2);
    }
}
