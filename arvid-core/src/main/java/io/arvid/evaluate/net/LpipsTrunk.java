package io.arvid.evaluate.net;

import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The image classifiers whose features LPIPS compares, cut into stages, and the small one of {@code lpips-shapes}; the features are the output of each stage. Layers carry the index that
 * they have in torchvision's {@code features}.
 *
 * @param id name in LPIPS: {@code alex}, {@code vgg}, {@code squeeze}
 * @param stages layers of each stage
 */
public record LpipsTrunk(String id, List<List<Layer>> stages) {
    /** AlexNet: relu1 … relu5. */
    public static final LpipsTrunk ALEX = new LpipsTrunk(
            "alex",
            List.of(
                    List.of(conv(0, 4, 2)),
                    List.of(pool(3, false), conv(3, 1, 2)),
                    List.of(pool(3, false), conv(6, 1, 1)),
                    List.of(conv(8, 1, 1)),
                    List.of(conv(10, 1, 1))));

    /** VGG-16: relu1_2, relu2_2, relu3_3, relu4_3, relu5_3. */
    public static final LpipsTrunk VGG = new LpipsTrunk(
            "vgg",
            List.of(
                    List.of(conv(0, 1, 1), conv(2, 1, 1)),
                    List.of(pool(2, false), conv(5, 1, 1), conv(7, 1, 1)),
                    List.of(pool(2, false), conv(10, 1, 1), conv(12, 1, 1), conv(14, 1, 1)),
                    List.of(pool(2, false), conv(17, 1, 1), conv(19, 1, 1), conv(21, 1, 1)),
                    List.of(pool(2, false), conv(24, 1, 1), conv(26, 1, 1), conv(28, 1, 1))));

    /** SqueezeNet 1.1: seven stages. */
    public static final LpipsTrunk SQUEEZE = new LpipsTrunk(
            "squeeze",
            List.of(
                    List.of(conv(0, 2, 0)),
                    List.of(pool(3, true), new Fire(3), new Fire(4)),
                    List.of(pool(3, true), new Fire(6), new Fire(7)),
                    List.of(pool(3, true), new Fire(9)),
                    List.of(new Fire(10)),
                    List.of(new Fire(11)),
                    List.of(new Fire(12))));

    /** The small trunk that arvid trains on the shapes world: four 3×3 convolutions, the later three halving the sides. */
    public static final LpipsTrunk SHAPES = new LpipsTrunk(
            "shapes",
            List.of(List.of(conv(0, 1, 1)), List.of(conv(2, 2, 1)), List.of(conv(4, 2, 1)), List.of(conv(6, 2, 1))));

    /** One layer of a trunk. */
    public sealed interface Layer {}

    /** Convolution and ReLU. */
    public record Convolution(int index, int stride, int padding) implements Layer {}

    /** Max pooling with stride 2. */
    public record Pool(int kernel, boolean ceil) implements Layer {}

    /** SqueezeNet's squeeze convolution, then 1×1 and 3×3 expansions side by side, each with ReLU. */
    public record Fire(int index) implements Layer {}

    /** The trunk called {@code name}: {@code alex}, {@code vgg} or {@code squeeze}. */
    public static LpipsTrunk named(String name) {
        return switch (name) {
            case "alex" -> ALEX;
            case "vgg" -> VGG;
            case "squeeze" -> SQUEEZE;
            default ->
                throw new IllegalArgumentException("no LPIPS net '" + name + "'; there are alex, vgg and squeeze");
        };
    }

    /** Number of stages, and so of features. */
    public int stageCount() {
        return stages.size();
    }

    /** Features of scaled images {@code [N, 3, H, W]}, one {@code [N, C, h, w]} a stage. */
    public List<Tensor> features(NetWeights weights, Tensor images) {
        List<Tensor> features = new ArrayList<>();
        Tensor x = images;
        for (int stage = 0; stage < stages.size(); stage++) {
            for (Layer layer : stages.get(stage)) {
                x = apply(layer, weights, stage, x);
            }
            features.add(x);
        }
        return features;
    }

    private static Tensor apply(Layer layer, NetWeights weights, int stage, Tensor x) {
        return switch (layer) {
            case Convolution conv ->
                ImageOps.relu(weights.conv(name(weights, stage, conv.index()), x, conv.stride(), conv.padding()));
            case Pool pool -> ImageOps.maxPool(x, pool.kernel(), 2, pool.ceil());
            case Fire fire -> fire(weights.under(name(weights, stage, fire.index())), x);
        };
    }

    private static Tensor fire(NetWeights weights, Tensor x) {
        Tensor squeezed = ImageOps.relu(weights.conv("squeeze", x, 1, 0));
        Tensor narrow = weights.conv("expand1x1", squeezed, 1, 0);
        Tensor wide = weights.conv("expand3x3", squeezed, 1, 1);
        return ImageOps.relu(Ops.cat(1, narrow, wide));
    }

    /** torchvision's name of layer {@code index}, or the name inside a saved LPIPS module where the weights have that. */
    private static String name(NetWeights weights, int stage, int index) {
        String inLpips = "net.slice" + (stage + 1) + "." + index;
        boolean saved = weights.has(inLpips + ".weight") || weights.has(inLpips + ".squeeze.weight");
        return saved ? inLpips : "features." + index;
    }

    private static Layer conv(int index, int stride, int padding) {
        return new Convolution(index, stride, padding);
    }

    private static Layer pool(int kernel, boolean ceil) {
        return new Pool(kernel, ceil);
    }
}
