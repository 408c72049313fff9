package io.arvid.evaluate.net;

import io.arvid.evaluate.Direction;
import io.arvid.evaluate.FrameComparison;
import io.arvid.evaluate.Frames;
import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Learned perceptual distance of images (LPIPS, Zhang et al. 2018, arXiv 1801.03924, version 0.1).
 *
 * <pre>{@code
 * features f_l of both images, normalized over channels: f / (‖f‖ + 1e-10)
 * d_l = Σ_c w_lc (f_lc − f'_lc)²          w ≥ 0 learned, one a channel
 * distance = Σ_l mean over pixels of d_l,   or of d_l resized to the image ("spatial", what LPIPS-FP averages)
 * }</pre>
 *
 * <p>Trunk weights under torchvision's names ({@code features.0.weight}) or those of a saved LPIPS module ({@code net.slice1.0.weight}); heads as in the
 * lpips package ({@code lin0.model.1.weight}).
 */
public final class Lpips implements FrameComparison, AutoCloseable {
    /** Small frames go through the network together: its layers then have enough to do. */
    private static final long PIXELS_TOGETHER = 1 << 16;

    private static final float[] SHIFT = {-.030f, -.088f, -.188f};
    private static final float[] SCALE = {.458f, .448f, .450f};

    private final LpipsTrunk trunk;
    private final NetWeights weights;
    private final NetWeights heads;
    private final boolean scaled;

    /**
     * Copies the parameters to float32.
     *
     * @param trunk the classifier
     * @param trunkWeights its parameters
     * @param heads the learned weights of its channels; may be the same map
     * @param version {@code 0.1}, or {@code 0.0} of the first paper version, which forgot to scale its input
     */
    public Lpips(LpipsTrunk trunk, WeightMap trunkWeights, WeightMap heads, String version) {
        if (!version.equals("0.1") && !version.equals("0.0")) {
            throw new IllegalArgumentException("no LPIPS version '" + version + "'; there are 0.1 and 0.0");
        }
        this.trunk = trunk;
        this.scaled = version.equals("0.1");
        this.weights = NetWeights.copy("LPIPS " + trunk.id(), trunkWeights);
        this.heads = NetWeights.copy("LPIPS " + trunk.id(), heads);
        for (int layer = 0; layer < trunk.stageCount(); layer++) {
            if (!this.heads.has(head(layer))) {
                throw new CheckpointException("LPIPS " + trunk.id() + ": no head named '" + head(layer) + "'");
            }
        }
    }

    @Override
    public String id() {
        return "lpips-" + trunk.id();
    }

    @Override
    public Direction direction() {
        return Direction.LOWER_IS_BETTER;
    }

    /** Mean over pixels of the spatial map of each frame: LPIPS-FP of the Q-ARVD script. */
    @Override
    public double[] perFrame(Tensor reference, Tensor video) {
        FrameComparison.requirePair(reference, video);
        int frames = (int) video.size(0);
        double[] distances = new double[frames];
        int together = Math.clamp(PIXELS_TOGETHER / (video.size(2) * video.size(3)), 1, frames);
        for (int start = 0; start < frames; start += together) {
            int end = Math.min(frames, start + together);
            try (TensorScope scope = TensorScope.open()) {
                Tensor map = spatialMap(
                        toSigned(Frames.unit(reference, start, end)), toSigned(Frames.unit(video, start, end)));
                double[] means = Tensors.toDoubles(Ops.mean(map, false, 1, 2, 3));
                System.arraycopy(means, 0, distances, start, means.length);
            }
        }
        return distances;
    }

    /** Images in [0, 1] as images in [−1, 1]. */
    public static Tensor toSigned(Tensor images) {
        return Ops.add(Ops.mul(images, 2), -1);
    }

    /** Images {@code [N, 3, H, W]} in [−1, 1] as the trunk sees them: {@code (x − shift) / scale} per channel. */
    public Tensor scale(Tensor images) {
        return scaled ? standardize(images) : images;
    }

    /** {@code (x − shift) / scale} per channel, of images {@code [N, 3, H, W]} in [−1, 1]. */
    public static Tensor standardize(Tensor images) {
        return images.sub(Tensors.of(SHIFT, 1, 3, 1, 1)).div(Tensors.of(SCALE, 1, 3, 1, 1));
    }

    /** Features after each stage's last ReLU, of images {@code [N, 3, H, W]} in [−1, 1]. */
    public List<Tensor> features(Tensor images) {
        return trunk.features(weights, Ops.channelsLast(scale(images)));
    }

    /** Weighted squared differences of each stage, {@code [N, 1, h, w]}; images {@code [N, 3, H, W]} in [−1, 1]. */
    public List<Tensor> layerMaps(Tensor first, Tensor second) {
        List<Tensor> both = features(Ops.cat(0, first, second));
        long images = first.size(0);
        List<Tensor> maps = new ArrayList<>();
        for (int layer = 0; layer < both.size(); layer++) {
            Tensor unit = normalize(both.get(layer));
            Tensor difference = Ops.slice(unit, 0, 0, images).sub(Ops.slice(unit, 0, images, 2 * images));
            maps.add(Ops.conv2d(difference.square(), heads.get(head(layer)), null, 1, 0));
        }
        return maps;
    }

    /** Distance of each image {@code [N, 1, 1, 1]}: the sum of the stages' means over their own pixels. */
    public Tensor distance(Tensor first, Tensor second) {
        return layerMaps(first, second).stream()
                .map(map -> Ops.mean(map, true, 2, 3))
                .reduce(Tensor::add)
                .orElseThrow();
    }

    /** Distance of each pixel {@code [N, 1, H, W]}: the sum of the stages' maps, each resized bilinearly. */
    public Tensor spatialMap(Tensor first, Tensor second) {
        return layerMaps(first, second).stream()
                .map(map -> ImageOps.upsampleBilinear(map, first.size(2), first.size(3)))
                .reduce(Tensor::add)
                .orElseThrow();
    }

    private static Tensor normalize(Tensor features) {
        Tensor norm = Ops.sum(features.square(), true, 1).sqrt();
        return features.div(Ops.add(norm, 1e-10));
    }

    private static String head(int layer) {
        return "lin" + layer + ".model.1.weight";
    }

    @Override
    public void close() {
        weights.close();
        heads.close();
    }
}
