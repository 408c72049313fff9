package io.arvid.evaluate.net;

import io.arvid.evaluate.ImageResize;
import io.arvid.evaluate.ImageResize.Interpolation;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * MUSIQ, the multi-scale image quality transformer (Ke et al. 2021), as ported in pyiqa ({@code musiq_spaq_ckpt-358bb6af.pth}).
 *
 * <p>An image becomes patches of 32×32 at three scales: longer side 224, 384, and its own size. Each patch passes a small convolutional stem; its token
 * gets an embedding of its place hashed to a 10×10 grid and one of its scale. A transformer's class token gives the score.
 *
 * <p>The official code pads each scale's tokens with masked ones, which nothing attends to; here there are none.
 */
public final class Musiq implements AutoCloseable {
    private static final int PATCH = 32;
    private static final int[] LONGER_SIDES = {224, 384};
    private static final int HEAD_DIM = 64;
    private static final int STEM_GROUPS = 32;
    private static final double ROOT_EPS = 1e-6;
    private static final double BLOCK_EPS = 1e-4;

    private final NetWeights weights;
    private final Map<String, Tensor> standardized = new HashMap<>();
    private final EncoderBlock[] blocks;

    /** Copies the parameters; sizes are read from them, heads are {@value #HEAD_DIM} wide. */
    public Musiq(WeightMap file) {
        this.weights = NetWeights.copy("MUSIQ", file);
        long dim = weights.get("embedding.weight").size(0);
        NetWeights encoder = weights.under("transformer_encoder");
        int depth = 0;
        while (encoder.has("transformer.encoderblock_" + depth + ".norm1.weight")) {
            depth++;
        }
        this.blocks = IntStream.range(0, depth)
                .mapToObj(i -> new EncoderBlock(
                        encoder.under("transformer.encoderblock_" + i), EncoderBlock.Layout.MUSIQ, dim / HEAD_DIM))
                .toArray(EncoderBlock[]::new);
        for (String name : List.of("conv_root", "block1.conv1", "block1.conv2", "block1.conv3", "block1.conv_proj")) {
            try (TensorScope scope = TensorScope.open()) {
                standardized.put(name, TensorScope.own(standardize(weights.get(name + ".weight"))));
            }
        }
    }

    /** Score, about 0 to 100 for the SPAQ weights, of one image {@code [1, 3, H, W]} in [0, 1]. */
    public double score(Tensor image) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor signed = Ops.mul(Ops.add(image, -0.5), 2);
            List<Tensor> tokens = new ArrayList<>();
            tokens.add(weights.get("transformer_encoder.cls"));
            for (int scale = 0; scale < LONGER_SIDES.length; scale++) {
                tokens.add(tokens(resizeLonger(signed, LONGER_SIDES[scale]), scale));
            }
            tokens.add(tokens(signed, LONGER_SIDES.length));
            Tensor x = Ops.cat(1, tokens);
            for (EncoderBlock block : blocks) {
                x = block.forward(x);
            }
            Tensor normalized = weights.layerNorm("transformer_encoder.encoder_norm", x, ROOT_EPS);
            return Tensors.item(weights.linear("head", normalized.select(1, 0)));
        }
    }

    /** Longer side to {@code side} bicubically, sides rounded half to even. */
    private static Tensor resizeLonger(Tensor image, int side) {
        double ratio = (double) side / Math.max(image.size(2), image.size(3));
        long height = (long) Math.rint(image.size(2) * ratio);
        long width = (long) Math.rint(image.size(3) * ratio);
        return ImageResize.resize(image, height, width, Interpolation.BICUBIC);
    }

    /** Tokens {@code [1, patches, D]} of one scale, with the embeddings of place and scale. */
    private Tensor tokens(Tensor image, int scale) {
        long rows = Math.ceilDiv(image.size(2), PATCH);
        long columns = Math.ceilDiv(image.size(3), PATCH);
        Tensor windows = ImageOps.windows(padSame(image, PATCH, PATCH), PATCH, PATCH, 0);
        Tensor patches = windows.transpose(1, 2).reshape(rows * columns, 3, PATCH, PATCH);
        Tensor embedded = weights.linear("embedding", stem(patches).flatten(1, 3));
        Tensor places = weights.get("transformer_encoder.posembed_input.position_emb")
                .squeeze(0)
                .index_select(0, places(rows, columns));
        Tensor scales =
                weights.get("transformer_encoder.scaleembed_input.scale_emb").select(0, scale);
        return embedded.add(places).add(scales).unsqueeze(0);
    }

    /** The stem on patches {@code [P, 3, 32, 32]}: a convolution and one bottleneck block; channels last, {@code [P, 8, 8, C]}. */
    private Tensor stem(Tensor patches) {
        Tensor root = standardConv("conv_root", padSame(patches, 7, 2), 2, 0);
        Tensor active = ImageOps.relu(weights.groupNorm("gn_root", root, STEM_GROUPS, ROOT_EPS));
        Tensor x = ImageOps.maxPool(padSame(active, 3, 2), 3, 2, false);
        Tensor identity = blockNorm("gn_proj", standardConv("block1.conv_proj", x, 1, 0));
        Tensor narrow = ImageOps.relu(blockNorm("gn1", standardConv("block1.conv1", x, 1, 0)));
        Tensor middle = ImageOps.relu(blockNorm("gn2", standardConv("block1.conv2", narrow, 1, 1)));
        Tensor wide = blockNorm("gn3", standardConv("block1.conv3", middle, 1, 0));
        return ImageOps.relu(wide.add(identity)).permute(0, 2, 3, 1);
    }

    private Tensor blockNorm(String name, Tensor x) {
        return weights.groupNorm("block1." + name, x, STEM_GROUPS, BLOCK_EPS);
    }

    private Tensor standardConv(String name, Tensor x, long stride, long padding) {
        return Ops.conv2d(x, standardized.get(name), null, stride, padding);
    }

    /** Weight standardization: each filter minus its mean, over its sample deviation plus 1e-5. */
    private static Tensor standardize(Tensor weight) {
        Tensor centred = weight.sub(Ops.mean(weight, true, 1, 2, 3));
        long taps = weight.numel() / weight.size(0);
        Tensor variance = Ops.div(Ops.sum(centred.square(), true, 1, 2, 3), taps - 1.0);
        return centred.div(Ops.add(variance.sqrt(), 1e-5));
    }

    /** Zero padding until {@code ⌈side / stride⌉} windows fit, the odd row or column after the image (TensorFlow's "same"). */
    private static Tensor padSame(Tensor x, long kernel, long stride) {
        long tall = (Math.ceilDiv(x.size(2), stride) - 1) * stride + kernel - x.size(2);
        long wide = (Math.ceilDiv(x.size(3), stride) - 1) * stride + kernel - x.size(3);
        return Ops.pad(x, wide / 2, wide - wide / 2, tall / 2, tall - tall / 2);
    }

    /** Index into the place embeddings for each patch, int64 {@code [rows · columns]}: the grid stretched to the patches by nearest neighbour. */
    private Tensor places(long rows, long columns) {
        long grid = Math.round(Math.sqrt(
                weights.get("transformer_encoder.posembed_input.position_emb").size(1)));
        Tensor line = Tensors.arange(DTypes.F32, grid).view(1, 1, grid);
        Tensor down = ImageOps.stretchNearest(line, rows).view(rows, 1);
        Tensor across = ImageOps.stretchNearest(line, columns).view(1, columns);
        return Ops.to(Ops.mul(down, grid).add(across), DTypes.I64).flatten();
    }

    @Override
    public void close() {
        standardized.values().forEach(Tensor::close);
        weights.close();
    }
}
