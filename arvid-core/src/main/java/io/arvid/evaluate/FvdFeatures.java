package io.arvid.evaluate;

import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.TorchScriptModule;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * FVD's features of a video by the user's TorchScript file of I3D (StyleGAN-V's {@code i3d_torchscript.pt}, trained on Kinetics-400): the 400 values
 * before the softmax, of all frames at once (FVD, Unterthiner et al. 2018, arXiv 1812.01717).
 */
public final class FvdFeatures implements VideoFeatures {
    /** I3D halves time four times: shorter clips leave nothing. */
    public static final int FEWEST_FRAMES = 10;

    private static final Map<String, Boolean> FLAGS =
            Map.of("rescale", false, "resize", false, "return_features", true);

    private final TorchScriptModule module;
    private final int resolution;

    /** Loads the network. */
    public FvdFeatures(Path torchScript) {
        this(torchScript, FvdPreprocessing.RESOLUTION);
    }

    FvdFeatures(Path torchScript, int resolution) {
        this.module = TorchScriptModule.load(torchScript);
        this.resolution = resolution;
    }

    @Override
    public String id() {
        return "fvd";
    }

    @Override
    public int fewestFrames() {
        return FEWEST_FRAMES;
    }

    @Override
    public float[] of(Tensor video) {
        if (video.size(0) < FEWEST_FRAMES) {
            throw new IllegalArgumentException(
                    "FVD needs at least " + FEWEST_FRAMES + " frames; the video has " + video.size(0));
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor frames = FvdPreprocessing.apply(Frames.unit(video, 0, video.size(0)), resolution);
            Tensor clip = frames.transpose(0, 1).unsqueeze(0).contiguous();
            return Tensors.toFloats(module.forward(clip, FLAGS));
        }
    }

    @Override
    public void close() {
        module.close();
    }
}
