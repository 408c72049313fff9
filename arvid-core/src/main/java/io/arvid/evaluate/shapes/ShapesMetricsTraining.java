package io.arvid.evaluate.shapes;

import io.arvid.rollout.train.TrainingListener;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Makes both feature networks of the shapes world. Each goes on from the state that an earlier run left in the same folder. */
public final class ShapesMetricsTraining {
    /** File of {@code fvd-shapes}. */
    public static final String CLIP_FILE = "fvd_shapes.safetensors";

    /** File of {@code lpips-shapes}. */
    public static final String FRAME_FILE = "lpips_shapes.safetensors";

    private static final NetworkTraining CLIPS = new NetworkTraining("fvd-shapes", 1200, 12, 4e-3, 21, 50);
    private static final NetworkTraining FRAMES = new NetworkTraining("lpips-shapes", 700, 12, 4e-3, 22, 50);
    private static final int CHECKED_CLIPS = 128;
    private static final long CHECK_SEED = -1;

    private final Path states;
    private final Path target;
    private final TrainingListener listener;
    private final ShapesWorld world = new ShapesWorld(WorldSpec.DEFAULT);

    /**
     * What a finished run is worth.
     *
     * @param labelAccuracy share of the labels of fresh clips that the clip network reads right
     * @param motionError mean error of its motions, pixels a frame
     */
    public record Figures(double labelAccuracy, double motionError) {}

    /**
     * A run.
     *
     * @param states folder of the training states
     * @param target folder that the finished networks go to
     * @param listener hears every step
     */
    public ShapesMetricsTraining(Path states, Path target, TrainingListener listener) {
        this.states = states;
        this.target = target;
        this.listener = listener;
    }

    /** Trains what is not trained yet and writes both files. */
    public Figures run() {
        try {
            Files.createDirectories(states);
            Files.createDirectories(target);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to " + target + ": " + e.getMessage(), e);
        }
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> clip =
                    new ClipNetworkTraining(world, CLIPS).run(states.resolve("fvd-shapes-state.safetensors"), listener);
            write(CLIP_FILE, clip);
            write(
                    FRAME_FILE,
                    new FrameNetworkTraining(world, FRAMES)
                            .run(states.resolve("lpips-shapes-state.safetensors"), listener));
            double[] figures = Torch.withoutGradients(
                    () -> ClipNetworkTraining.figures(WeightMap.of(clip), world, CHECKED_CLIPS, CHECK_SEED));
            return new Figures(figures[0], figures[1]);
        }
    }

    private void write(String name, Map<String, Tensor> weights) {
        Map<String, Tensor> stored = new LinkedHashMap<>();
        weights.forEach((key, tensor) -> {
            if (!key.startsWith("labels.")) {
                stored.put(key, Ops.to(tensor, DTypes.BF16));
            }
        });
        SafetensorsWriter.write(target.resolve(name), stored, Map.of("format", "pt"));
    }
}
