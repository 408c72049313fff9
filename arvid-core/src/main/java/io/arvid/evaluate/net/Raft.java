package io.arvid.evaluate.net;

import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.WeightMap;
import org.bytedeco.pytorch.Tensor;

/**
 * RAFT, recurrent all-pairs field transforms for optical flow (Teed and Deng 2020; the large model, {@code raft-things.pth}, whose names carry a
 * {@code module.} that is ignored).
 *
 * <pre>{@code
 * features of both frames and a context of the first at 1/8; flow = 0
 * repeat: look up correlations where the flow points → motion features → recurrent unit → flow += change
 * last: each fine pixel's flow is a convex combination of its 3×3 coarse neighbours
 * }</pre>
 */
public final class Raft implements OpticalFlow, AutoCloseable {
    private static final int LEVELS = 4;
    private static final int RADIUS = 4;
    private static final int COARSENESS = 8;
    private static final int NEIGHBOURS = 9;

    private final NetWeights weights;
    private final int iterations;

    /** The recurrent unit's state {@code [1, C, h, w]} and the context {@code [1, C, h, w]}. */
    private record Memory(Tensor hidden, Tensor context) {}

    /**
     * Copies the parameters; widths are read from them.
     *
     * @param iterations of the recurrent unit; VBench runs 20
     */
    public Raft(WeightMap file, int iterations) {
        this.weights = NetWeights.copy("RAFT", file, file.has("module.fnet.conv1.weight") ? "module." : "");
        this.iterations = iterations;
    }

    @Override
    public Tensor flow(Tensor first, Tensor second) {
        return TensorScope.run(() -> {
            Tensor image0 = signed(first);
            Tensor image1 = signed(second);
            Tensor features = encode("fnet", Ops.cat(0, image0, image1));
            CorrelationPyramid correlations =
                    new CorrelationPyramid(Ops.slice(features, 0, 0, 1), Ops.slice(features, 0, 1, 2), LEVELS, RADIUS);
            Memory memory = memory(image0);
            Tensor grid = CorrelationPyramid.grid(features.size(2), features.size(3));
            Tensor hidden = memory.hidden();
            Tensor flow = Ops.mul(grid, 0);
            for (int i = 0; i < iterations; i++) {
                try (TensorScope step = TensorScope.open()) {
                    Tensor motion = motion(flow, correlations.lookup(grid.add(flow)));
                    hidden = step.keep(recur(hidden, Ops.cat(1, memory.context(), motion)));
                    flow = step.keep(
                            flow.add(convs("update_block.flow_head.conv1", "update_block.flow_head.conv2", hidden, 1)));
                }
            }
            return upsample(flow, Ops.mul(convs("update_block.mask.0", "update_block.mask.2", hidden, 0), 0.25));
        });
    }

    private static Tensor signed(Tensor image) {
        return Ops.add(Ops.mul(Ops.div(image, 255), 2), -1);
    }

    private Memory memory(Tensor image) {
        Tensor both = encode("cnet", image);
        long hidden = weights.get("update_block.gru.convz1.weight").size(0);
        return new Memory(
                Ops.slice(both, 1, 0, hidden).tanh(), ImageOps.relu(Ops.slice(both, 1, hidden, both.size(1))));
    }

    /** Features at 1/8 of images {@code [N, 3, H, W]} by one of the two encoders, which differ in normalization. */
    private Tensor encode(String name, Tensor images) {
        NetWeights encoder = weights.under(name);
        Tensor x = ImageOps.relu(normalize(encoder, "norm1", encoder.conv("conv1", images, 2, 3)));
        for (int layer = 1; layer <= 3; layer++) {
            x = residual(encoder.under("layer" + layer + ".0"), x, layer == 1 ? 1 : 2);
            x = residual(encoder.under("layer" + layer + ".1"), x, 1);
        }
        return encoder.conv("conv2", x, 1, 0);
    }

    private static Tensor residual(NetWeights block, Tensor x, int stride) {
        Tensor y = ImageOps.relu(normalize(block, "norm1", block.conv("conv1", x, stride, 1)));
        y = ImageOps.relu(normalize(block, "norm2", block.conv("conv2", y, 1, 1)));
        Tensor identity = stride == 1 ? x : normalize(block, "downsample.1", block.conv("downsample.0", x, stride, 0));
        return ImageOps.relu(identity.add(y));
    }

    /** Batch normalization where the file has its statistics, instance normalization where it has none. */
    private static Tensor normalize(NetWeights block, String name, Tensor x) {
        if (!block.has(name + ".running_mean")) {
            return ImageOps.instanceNorm(x);
        }
        NetWeights norm = block.under(name);
        return ImageOps.batchNorm(
                x, norm.get("weight"), norm.get("bias"), norm.get("running_mean"), norm.get("running_var"));
    }

    /** Motion features {@code [1, C, h, w]}, the flow itself in the last two channels. */
    private Tensor motion(Tensor flow, Tensor correlation) {
        NetWeights encoder = weights.under("update_block.encoder");
        Tensor looked = ImageOps.relu(encoder.conv("convc1", correlation, 1, 0));
        looked = ImageOps.relu(encoder.conv("convc2", looked, 1, 1));
        Tensor moved = ImageOps.relu(encoder.conv("convf1", flow, 1, 3));
        moved = ImageOps.relu(encoder.conv("convf2", moved, 1, 1));
        Tensor joined = ImageOps.relu(encoder.conv("conv", Ops.cat(1, looked, moved), 1, 1));
        return Ops.cat(1, joined, flow);
    }

    /** The gated recurrent unit: along rows, then along columns. */
    private Tensor recur(Tensor hidden, Tensor input) {
        return recur("2", recur("1", hidden, input, 0, 2), input, 2, 0);
    }

    private Tensor recur(String pass, Tensor hidden, Tensor input, long padTall, long padWide) {
        Tensor both = Ops.cat(1, hidden, input);
        Tensor update = gate("convz" + pass, both, padTall, padWide).sigmoid();
        Tensor reset = gate("convr" + pass, both, padTall, padWide).sigmoid();
        Tensor candidate = gate("convq" + pass, Ops.cat(1, reset.mul(hidden), input), padTall, padWide)
                .tanh();
        return Ops.add(Ops.mul(update, -1), 1).mul(hidden).add(update.mul(candidate));
    }

    private Tensor gate(String name, Tensor x, long padTall, long padWide) {
        NetWeights gru = weights.under("update_block.gru");
        return ImageOps.conv(x, gru.get(name + ".weight"), gru.get(name + ".bias"), 1, padTall, padWide);
    }

    private Tensor convs(String first, String second, Tensor x, long secondPadding) {
        return weights.conv(second, ImageOps.relu(weights.conv(first, x, 1, 1)), 1, secondPadding);
    }

    /** Flow at full resolution: {@code mask [1, 9·64, h, w]} weighs the 3×3 coarse neighbours of each of the 8×8 fine pixels. */
    private static Tensor upsample(Tensor flow, Tensor mask) {
        long height = flow.size(2);
        long width = flow.size(3);
        Tensor weights = Ops.softmax(mask.view(1, 1, NEIGHBOURS, COARSENESS, COARSENESS, height, width), 2);
        Tensor neighbours =
                ImageOps.windows(Ops.mul(flow, COARSENESS), 3, 1, 1).view(1, 2, NEIGHBOURS, 1, 1, height, width);
        return Ops.sum(weights.mul(neighbours), false, 2)
                .permute(0, 1, 4, 2, 5, 3)
                .reshape(1, 2, COARSENESS * height, COARSENESS * width);
    }

    @Override
    public void close() {
        weights.close();
    }
}
