package io.arvid.verify;

import io.arvid.evaluate.FrameScores;
import io.arvid.evaluate.net.Lpips;
import io.arvid.evaluate.net.LpipsTrunk;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** {@code lpips}: the perceptual distance of two batches of images, its stages and features, and its mean over a video. */
final class LpipsCase implements GoldenCase {
    @Override
    public void run(CaseFolder folder, CaseReport report) {
        Tolerance tolerance = folder.tolerance();
        LpipsTrunk trunk = LpipsTrunk.named(folder.json().at("/config/net").asText());
        String version = folder.json().at("/config/version").asText();
        Tensor first = folder.tensor("image0");
        Tensor second = folder.tensor("image1");
        try (Lpips lpips = new Lpips(trunk, folder.weights(), folder.weights(), version)) {
            report.expect(folder, "scaled_image0", lpips.scale(first), tolerance);
            compareFeatures(folder, report, lpips.features(first), tolerance);
            List<Tensor> maps = lpips.layerMaps(first, second);
            for (int layer = 0; layer < maps.size(); layer++) {
                report.expect(folder, "layer" + layer, Ops.mean(maps.get(layer), true, 2, 3), tolerance);
            }
            Tensor map = lpips.spatialMap(first, second);
            report.expect(folder, "total", lpips.distance(first, second), tolerance);
            report.expect(folder, "total_spatial_map", map, tolerance);
            report.expect(folder, "total_spatial_mean", Ops.mean(map, false, 1, 2, 3), tolerance);

            FrameScores video = new FrameScores(List.of(lpips.perFrame(toUnit(first), toUnit(second))));
            report.expect(
                    "video_lpips_per_frame", video.meanByFrame(), expected(folder, "video_lpips_per_frame"), tolerance);
            report.expect("video_lpips", video.mean(), expected(folder, "video_lpips")[0], tolerance);
        }
    }

    /** Each recorded view of the features: their means over pixels, a top left corner, or the whole. */
    private static void compareFeatures(
            CaseFolder folder, CaseReport report, List<Tensor> features, Tolerance tolerance) {
        for (int stage = 0; stage < features.size(); stage++) {
            Tensor feature = features.get(stage);
            String name = "feat" + stage;
            if (folder.io().has(name + "_mean")) {
                report.expect(folder, name + "_mean", Ops.mean(feature, false, 2, 3), tolerance);
            }
            if (folder.io().has(name + "_corner")) {
                report.expect(folder, name + "_corner", corner(feature, folder.tensor(name + "_corner")), tolerance);
            }
            if (folder.io().has(name + "_full")) {
                report.expect(folder, name + "_full", feature, tolerance);
            }
        }
    }

    private static Tensor corner(Tensor feature, Tensor like) {
        Tensor corner = feature;
        for (int dim = 1; dim < 4; dim++) {
            corner = Ops.slice(corner, dim, 0, like.size(dim));
        }
        return corner;
    }

    private static Tensor toUnit(Tensor images) {
        return Ops.div(Ops.add(images, 1), 2);
    }

    private static double[] expected(CaseFolder folder, String name) {
        return Tensors.toDoubles(folder.tensor(name));
    }
}
