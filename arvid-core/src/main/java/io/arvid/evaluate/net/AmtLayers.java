package io.arvid.evaluate.net;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** The building blocks of AMT: its correlation encoder, decoders, update networks and warping, under the names of its checkpoint. */
final class AmtLayers {
    private static final double LEAK = 0.1;

    /** What an update network adds to the flows {@code [1, 4, h, w]} and features {@code [1, C, h, w]}. */
    record Update(Tensor features, Tensor flow) {}

    private final NetWeights weights;

    AmtLayers(NetWeights weights) {
        this.weights = weights;
    }

    /** Features at 1/8 for the correlations, of images {@code [N, 3, H, W]}. */
    Tensor correlationFeatures(Tensor images) {
        return TensorScope.run(() -> {
            NetWeights encoder = weights.under("feat_encoder");
            Tensor x = ImageOps.relu(ImageOps.instanceNorm(encoder.conv("conv1", images, 2, 3)));
            for (int layer = 1; layer <= 3; layer++) {
                x = bottleneck(encoder.under("layer" + layer + ".0"), x, layer == 1 ? 1 : 2);
                x = bottleneck(encoder.under("layer" + layer + ".1"), x, 1);
            }
            return encoder.conv("conv2", x, 1, 0);
        });
    }

    private static Tensor bottleneck(NetWeights block, Tensor x, int stride) {
        Tensor y = ImageOps.relu(ImageOps.instanceNorm(block.conv("conv1", x, 1, 0)));
        y = ImageOps.relu(ImageOps.instanceNorm(block.conv("conv2", y, stride, 1)));
        y = ImageOps.relu(ImageOps.instanceNorm(block.conv("conv3", y, 1, 0)));
        Tensor identity = stride == 1 ? x : ImageOps.instanceNorm(block.conv("downsample.0", x, stride, 0));
        return ImageOps.relu(identity.add(y));
    }

    /** The 3×3 convolution {@code name.0} and the PReLU {@code name.1}. */
    Tensor convPrelu(String name, Tensor x, int stride) {
        return ImageOps.prelu(weights.conv(name + ".0", x, stride, 1), weights.get(name + ".1.weight"));
    }

    /** The decoder {@code name}: a convolution, a residual block and a transposed convolution to twice the sides. */
    Tensor decoder(String name, Tensor x) {
        return TensorScope.run(() -> {
            String block = name + ".convblock.";
            Tensor wide = residual(block + "1", convPrelu(block + "0", x, 1));
            return weights.convTransposed(block + "2", wide, 2, 1);
        });
    }

    /** IFRNet's residual block, whose last channels (the side channels) pass two convolutions of their own. */
    private Tensor residual(String name, Tensor x) {
        Tensor y = side(name + ".conv2", convPrelu(name + ".conv1", x, 1));
        y = side(name + ".conv4", convPrelu(name + ".conv3", y, 1));
        y = weights.conv(name + ".conv5", y, 1, 1);
        return ImageOps.prelu(x.add(y), weights.get(name + ".prelu.weight"));
    }

    private Tensor side(String name, Tensor x) {
        long sideChannels = weights.get(name + ".0.weight").size(0);
        long kept = x.size(1) - sideChannels;
        Tensor changed = convPrelu(name, Ops.slice(x, 1, kept, x.size(1)), 1);
        return Ops.cat(1, Ops.slice(x, 1, 0, kept), changed);
    }

    /**
     * The update network {@code name}.
     *
     * @param features at {@code finer} times the resolution of the correlations
     * @param flow {@code [1, 4, h, w]} at the resolution of the correlations
     * @param correlation {@code [1, 2·levels·(2r+1)², h, w]}
     */
    Update update(String name, Tensor features, Tensor flow, Tensor correlation, int finer) {
        NetWeights block = weights.under(name);
        try (TensorScope scope = TensorScope.open()) {
            Tensor context = finer == 1 ? features : ImageOps.scaleBilinear(features, 1.0 / finer);
            Tensor looked = leaky(block.conv("convc1", correlation, 1, 0));
            Tensor moved = leaky(block.conv("convf2", leaky(block.conv("convf1", flow, 1, 3)), 1, 1));
            Tensor joined = leaky(block.conv("conv", Ops.cat(1, looked, moved), 1, 1));
            Tensor hidden = head(block.under("gru"), Ops.cat(1, joined, flow, context));
            Tensor features2 = head(block.under("feat_head"), hidden);
            Tensor flow2 = head(block.under("flow_head"), hidden);
            if (finer > 1) {
                features2 = ImageOps.scaleBilinear(features2, finer);
                flow2 = Ops.mul(ImageOps.scaleBilinear(flow2, finer), finer);
            }
            return new Update(scope.keep(features2), scope.keep(flow2));
        }
    }

    /** Convolution, leaky ReLU, convolution. */
    private static Tensor head(NetWeights block, Tensor x) {
        return block.conv("2", leaky(block.conv("0", x, 1, 1)), 1, 1);
    }

    /** The learned combination {@code [1, 3, H, W]} of all blended images {@code [1, 3n, H, W]}. */
    Tensor combine(Tensor blended) {
        Tensor wide = weights.conv("comb_block.0", blended, 1, 1);
        return weights.conv("comb_block.2", ImageOps.prelu(wide, weights.get("comb_block.1.weight")), 1, 1);
    }

    private static Tensor leaky(Tensor x) {
        return ImageOps.leakyRelu(x, LEAK);
    }

    /** {@code x} sampled where {@code flow} {@code [N, 2, H, W]} points, in pixels; the border repeats. */
    static Tensor warp(Tensor x, Tensor flow) {
        return TensorScope.run(() -> {
            long height = flow.size(2);
            long width = flow.size(3);
            Tensor gridX = Tensors.linspace(DTypes.F32, -1, 1, width).view(1, 1, width);
            Tensor gridY = Tensors.linspace(DTypes.F32, -1, 1, height).view(1, height, 1);
            Tensor toX = gridX.add(Ops.div(flow.select(1, 0), (width - 1.0) / 2));
            Tensor toY = gridY.add(Ops.div(flow.select(1, 1), (height - 1.0) / 2));
            return ImageOps.gridSample(x, Ops.stack(3, toX, toY), true);
        });
    }
}
