package io.arvid.evaluate.shapes;

import io.arvid.evaluate.Frames;
import io.arvid.evaluate.ImageResize;
import io.arvid.evaluate.VideoFeatures;
import io.arvid.evaluate.net.NetWeights;
import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Features of videos of the shapes world: four 3D convolutions with ReLU, the mean over time, and a linear layer to {@value #FEATURES} numbers, from which
 * training reads colors, shapes, positions and motions. Any number of frames; frames of other sizes are resized to {@value #SIDE}×{@value #SIDE}.
 */
public final class ClipNetwork implements VideoFeatures {
    /** Numbers of a video. */
    public static final int FEATURES = 64;

    private static final int SIDE = 64;
    private static final int FEWEST_FRAMES = 4;
    private static final int[] WIDTHS = {3, 16, 32, 40, 48};
    private static final int[] TIME_STRIDES = {1, 2, 2, 1};
    private static final int GRID = SIDE >> TIME_STRIDES.length;

    private final NetWeights weights;

    /** Copies the parameters to float32. */
    public ClipNetwork(WeightMap weights) {
        this.weights = NetWeights.copy("fvd-shapes", weights);
    }

    /** Parameters of the features. */
    static SequencedMap<String, long[]> parameterShapes() {
        SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
        for (int i = 0; i < TIME_STRIDES.length; i++) {
            shapes.put("conv" + i + ".weight", new long[] {WIDTHS[i + 1], WIDTHS[i], 3, 3, 3});
            shapes.put("conv" + i + ".bias", new long[] {WIDTHS[i + 1]});
        }
        shapes.put("embed.weight", new long[] {FEATURES, (long) WIDTHS[TIME_STRIDES.length] * GRID * GRID});
        shapes.put("embed.bias", new long[] {FEATURES});
        return shapes;
    }

    /** Features {@code [B, FEATURES]} of clips float32 {@code [B, 3, T, SIDE, SIDE]} in [0, 1]. */
    static Tensor features(Function<String, Tensor> weights, Tensor clips) {
        Tensor x = Ops.add(clips, -0.5);
        for (int i = 0; i < TIME_STRIDES.length; i++) {
            Tensor kernel = weights.apply("conv" + i + ".weight");
            @Nullable Tensor bias = weights.apply("conv" + i + ".bias");
            x = ImageOps.relu(Ops.conv3d(x, kernel, bias, new long[] {TIME_STRIDES[i], 2, 2}, new long[] {1, 1, 1}));
        }
        Tensor pooled = Ops.mean(x, false, 2).flatten(1, -1);
        return Ops.linear(pooled, weights.apply("embed.weight"), weights.apply("embed.bias"));
    }

    @Override
    public float[] of(Tensor video) {
        if (video.size(0) < FEWEST_FRAMES) {
            throw new IllegalArgumentException(
                    "fvd-shapes needs at least " + FEWEST_FRAMES + " frames; the video has " + video.size(0));
        }
        return Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                Tensor frames = ImageResize.bilinear(Frames.unit(video, 0, video.size(0)), SIDE, SIDE);
                return Tensors.toFloats(
                        features(weights::get, frames.transpose(0, 1).unsqueeze(0)));
            }
        });
    }

    @Override
    public String id() {
        return "fvd-shapes";
    }

    @Override
    public int fewestFrames() {
        return FEWEST_FRAMES;
    }

    @Override
    public void close() {
        weights.close();
    }
}
