package io.arvid.run.bench;

import io.arvid.kernel.KernelCatalogue;
import io.arvid.model.LinearSite;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.pack.PackedLayer;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.run.QuantizedModel;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Random weights of true shapes, of a size that keeps activations near 1: in bfloat16, or as codes in the scheme of the Q-ARVD paper. */
final class RandomLayers {
    private static final long SEED = 1;
    private static final InputPlan STATIC = new InputPlan.Static(IntGrid.asymmetric(8), 8f / 255, 124);

    private RandomLayers() {}

    /** Weights asymmetric in {@code bits} per output channel, inputs static per tensor. Tensors belong to the open scope. */
    static PackedLayer packed(int in, int out, int bits) {
        try (Seeds seeds = new Seeds(SEED)) {
            IntGrid grid = IntGrid.asymmetric(bits);
            int levels = grid.highest() + 1;
            Tensor codes = TensorScope.run(() ->
                    Ops.to(Ops.clamp(Ops.mul(seeds.uniform(out, in), levels).floor(), 0, levels - 1), grid.codeType()));
            // Uniform codes have a deviation of levels/√12.
            Tensor scales = Tensors.full(DTypes.F32, Math.sqrt(12.0 / in) / levels, out, 1);
            Tensor zeros = Ops.add(Ops.mul(seeds.uniform(out, 1), levels / 8.0).round(), levels / 2.0 - levels / 16.0)
                    .round();
            return PackedLayer.of(
                    new LayerPlan(grid, new Granularity.PerChannel(), codes, scales, zeros, STATIC, List.of()));
        }
    }

    /**
     * A model in bfloat16 whose blocks all have the same weights, in the same memory where {@code shareBlocks}; the weights of the blocks' layers are absent
     * where {@code packed}.
     */
    static WanTransformer model(WanConfig config, boolean packed, boolean shareBlocks) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(SEED)) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            Map<String, Tensor> firstBlock = new HashMap<>();
            config.parameterShapes().forEach((name, shape) -> {
                String inBlock = name.replaceFirst("^blocks\\.[0-9]+\\.", "");
                boolean isBlock = !inBlock.equals(name);
                boolean isLayer = isBlock && shape.length == 2;
                Tensor known = isBlock && !(packed && isLayer) ? firstBlock.get(inBlock) : null;
                Tensor weight = known != null
                        ? shareBlocks ? known.detach() : Ops.copy(known)
                        : packed && isLayer
                                ? QuantizedModel.absentWeight(DTypes.BF16, (int) shape[0], (int) shape[1])
                                : random(name, shape, seeds);
                firstBlock.putIfAbsent(inBlock, weight);
                weights.put(name, weight);
            });
            return new WanTransformer(config, WeightMap.of(weights));
        }
    }

    private static Tensor random(String name, long[] shape, Seeds seeds) {
        return TensorScope.run(() -> {
            boolean isNorm = name.contains("norm") && name.endsWith("weight");
            double inputs = shape.length > 1 ? (double) shape[1] * (shape.length == 5 ? shape[3] * shape[4] : 1) : 100;
            Tensor noise = Ops.mul(seeds.normal(shape), 1 / Math.sqrt(inputs));
            return Ops.to(isNorm ? Ops.add(noise, 1) : noise, DTypes.BF16);
        });
    }

    /** The blocks' layers of {@code model} in {@code bits}. */
    static QuantizedModel quantized(WanTransformer model, int bits) {
        try (TensorScope scope = TensorScope.open()) {
            Map<String, PackedLayer> byShape = new HashMap<>();
            Map<LinearSite, PackedLayer> layers = new LinkedHashMap<>();
            for (LinearSite site : model.sites()) {
                if (site.role().isInBlock()) {
                    layers.put(
                            site,
                            byShape.computeIfAbsent(
                                    site.inFeatures() + "x" + site.outFeatures(),
                                    shape -> packed(site.inFeatures(), site.outFeatures(), bits)));
                }
            }
            return new QuantizedModel(model, layers, KernelCatalogue.BEST);
        }
    }

    /** Random values of deviation 1 in bfloat16. */
    static Tensor activations(long... shape) {
        try (Seeds seeds = new Seeds(SEED + 1)) {
            return TensorScope.run(() -> Ops.to(seeds.normal(shape), DTypes.BF16));
        }
    }
}
