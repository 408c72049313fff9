package io.arvid.evaluate.shapes;

import io.arvid.evaluate.net.Lpips;
import io.arvid.evaluate.net.LpipsTrunk;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * Both networks, open.
 *
 * @param lpips the distance of frames, {@code lpips-shapes}
 * @param features the features of videos, of {@code fvd-shapes}
 */
public record ShapesMetrics(Lpips lpips, ClipNetwork features) implements AutoCloseable {
    /** Those that {@link ShapesMetricsTraining} wrote to {@code folder}. */
    public static ShapesMetrics open(Path folder) {
        return new ShapesMetrics(
                load(folder.resolve(ShapesMetricsTraining.FRAME_FILE), ShapesMetrics::lpips),
                load(folder.resolve(ShapesMetricsTraining.CLIP_FILE), ClipNetwork::new));
    }

    /** The distance of frames with these weights. */
    public static Lpips lpips(WeightMap weights) {
        return new Lpips(LpipsTrunk.SHAPES, weights, weights, "0.1");
    }

    private static <T> T load(Path file, Function<WeightMap, T> build) {
        try (WeightMap weights = SafetensorsFile.open(file)) {
            return build.apply(weights);
        }
    }

    @Override
    public void close() {
        lpips.close();
        features.close();
    }
}
