package io.arvid.evaluate.net;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.WeightMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * The image tower of OpenAI's CLIP (Radford et al. 2021; ViT-B/32, ViT-L/14) with its QuickGELU, up to the projection into the shared space. Parameters
 * as in OpenAI's files and open_clip's ({@code visual.conv1.weight} …); a file of the tower alone has no {@code visual.}.
 */
public final class ClipImageEncoder implements ImageEncoder {
    private static final int HEAD_DIM = 64;
    private static final double EPS = 1e-5;

    private final NetWeights weights;
    private final EncoderBlock[] blocks;
    private final long dim;
    private final long patch;

    /** Copies the image tower's parameters; sizes are read from them, heads are {@value #HEAD_DIM} wide. */
    public ClipImageEncoder(WeightMap file) {
        this.weights = NetWeights.copy("CLIP", file, file.has("visual.conv1.weight") ? "visual." : "");
        if (!weights.has("class_embedding")) {
            throw new CheckpointException(
                    "CLIP: no visual.class_embedding; only vision transformers are known, not its ResNets");
        }
        this.dim = weights.get("conv1.weight").size(0);
        this.patch = weights.get("conv1.weight").size(3);
        this.blocks = IntStream.range(0, weights.count("transformer.resblocks", "ln_1.weight"))
                .mapToObj(i -> new EncoderBlock(
                        weights.under("transformer.resblocks." + i), EncoderBlock.Layout.CLIP, dim / HEAD_DIM))
                .toArray(EncoderBlock[]::new);
    }

    /** Features of images whose sides are those that the position table was trained for (224 for ViT-B/32 and ViT-L/14). */
    @Override
    public Tensor encode(Tensor images) {
        return TensorScope.run(() -> {
            Tensor patches =
                    weights.conv("conv1", images, patch, 0).flatten(2, 3).transpose(1, 2);
            Tensor classToken = weights.get("class_embedding").expand(images.size(0), 1, dim);
            Tensor tokens = Ops.cat(1, classToken, patches).add(weights.get("positional_embedding"));
            Tensor x = weights.layerNorm("ln_pre", tokens, EPS);
            for (EncoderBlock block : blocks) {
                x = block.forward(x);
            }
            return weights.layerNorm("ln_post", x.select(1, 0), EPS).matmul(weights.get("proj"));
        });
    }

    @Override
    public void close() {
        weights.close();
    }
}
