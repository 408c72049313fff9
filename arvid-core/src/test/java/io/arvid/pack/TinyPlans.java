package io.arvid.pack;

import io.arvid.model.LinearSite;
import io.arvid.model.SiteRole;
import io.arvid.model.wan.WanConfig;
import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.RotationMatrix;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.Tensor;

/** Random tiny models, and plans of every kind for their layers: round-to-nearest of the weight that the corrections leave. */
public final class TinyPlans {
    private TinyPlans() {}

    /** A Wan transformer of two small blocks. */
    public static WanConfig config() {
        return new WanConfig(48, 96, 2, 2, 32, 40, 8, 4, 4, new int[] {1, 2, 2}, 1e-6);
    }

    /** Random weights of {@code config}, of a size that keeps activations near 1. */
    public static WeightMap weights(WanConfig config, DTypes type, long seed) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(seed)) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            config.parameterShapes().forEach((name, shape) -> {
                Tensor values = seeds.normal(shape);
                double scale = shape.length < 2 ? 0.1 : 1 / Math.sqrt(shape[shape.length - 1]);
                Tensor scaled = Ops.mul(values, scale);
                boolean isGain = name.contains("norm") && name.endsWith(".weight");
                weights.put(name, Ops.to(isGain ? Ops.add(scaled, 1) : scaled, type));
            });
            return WeightMap.of(weights);
        }
    }

    /** Plans of {@code kind} for every layer in the blocks. */
    public static QuantPlan plan(WanConfig config, WeightMap weights, BiFunction<LinearSite, Tensor, LayerPlan> kind) {
        try (TensorScope scope = TensorScope.open()) {
            LinkedHashMap<LinearSite, LayerPlan> layers = new LinkedHashMap<>();
            for (LinearSite site : config.sites()) {
                if (site.role().isInBlock() || site.role() == SiteRole.TEXT_UP) {
                    layers.put(site, kind.apply(site, Ops.toF32(weights.get(site.name() + ".weight"))));
                }
            }
            return new QuantPlan("test", layers, new KvPlan.Full());
        }
    }

    /** Asymmetric 8-bit static inputs for values around 0.1, with deviation 1. */
    public static InputPlan.Static staticInput(int bits) {
        float step = 8f / ((1 << bits) - 1);
        return new InputPlan.Static(IntGrid.asymmetric(bits), step, (float) Math.rint(3.9f / step));
    }

    /** Asymmetric rows of min and max. */
    public static LayerPlan plain(Tensor weight, int bits, boolean symmetric, Granularity at, InputPlan input) {
        return layer(weight, new IntGrid(bits, symmetric), at, input, List.of());
    }

    /** Round-to-nearest of {@code weight} on {@code grid}. */
    public static LayerPlan layer(
            Tensor weight, IntGrid grid, Granularity at, InputPlan input, List<Correction> corrections) {
        int in = (int) weight.size(1);
        int size = at instanceof Granularity.Grouped(int group) ? group : in;
        List<Tensor> scales = new ArrayList<>();
        List<Tensor> zeros = new ArrayList<>();
        for (int start = 0; start < in; start += size) {
            Tensor[] pair = pair(Ops.slice(weight, 1, start, Math.min(in, start + size)), grid);
            scales.add(pair[0]);
            zeros.add(pair[1]);
        }
        Tensor scale = Ops.cat(1, scales);
        Tensor zero = Ops.cat(1, zeros);
        return new LayerPlan(
                grid, at, AffineQuantizer.weightCodes(weight, grid, at, scale, zero), scale, zero, input, corrections);
    }

    private static Tensor[] pair(Tensor columns, IntGrid grid) {
        if (grid.symmetric()) {
            Tensor scale = Ops.clampMin(Ops.div(Ops.amax(columns.abs(), true, 1), grid.steps()), 1e-8);
            return new Tensor[] {scale, Tensors.zeros(DTypes.F32, columns.size(0), 1)};
        }
        Tensor low = Ops.amin(columns, true, 1);
        Tensor scale = Ops.clampMin(Ops.div(Ops.amax(columns, true, 1).sub(low), grid.steps()), 1e-8);
        return new Tensor[] {scale, low.neg().div(scale).round()};
    }

    /** With two scales: every {@code stride}-th column is an outlier. */
    public static LayerPlan dual(Tensor weight, int bits, int stride, InputPlan input, InputPlan outlierInput) {
        IntGrid grid = IntGrid.asymmetric(bits);
        Tensor columns = Ops.copy(Ops.everyNth(Tensors.arange(DTypes.I64, weight.size(1)), 0, 1, stride)
                .flip(0));
        Tensor[] pair = pair(weight.index_select(1, columns), grid);
        LayerPlan plain = layer(weight, grid, new Granularity.PerChannel(), input, List.of());
        Tensor codes = Ops.copy(plain.codes());
        codes.index_copy_(
                1,
                columns,
                AffineQuantizer.weightCodes(
                        weight.index_select(1, columns), grid, new Granularity.PerChannel(), pair[0], pair[1]));
        return new LayerPlan(
                grid,
                plain.at(),
                codes,
                plain.scales(),
                plain.zeros(),
                input,
                List.of(new Correction.DualScale(columns, pair[0], pair[1], outlierInput)));
    }

    /** With channels scaled, shifted, rotated, and a low-rank branch of what is left. */
    public static LayerPlan corrected(Tensor weight, int bits, InputPlan input, boolean lowRankOnQuantized) {
        long in = weight.size(1);
        try (Seeds seeds = new Seeds(in)) {
            Tensor shift = Ops.mul(seeds.normal(in), 0.1);
            Tensor factors = Ops.add(seeds.uniform(in), 0.5);
            Correction.Rotation rotation = new Correction.Rotation(Correction.Rotation.Kind.SYLVESTER, 8);
            Tensor scaled = weight.mul(factors);
            Tensor rotated =
                    scaled.reshape(-1, 8).matmul(RotationMatrix.of(rotation)).reshape(weight.size(0), in);
            Tensor down = Ops.toF32(Ops.to(Ops.mul(seeds.normal(3, in), 0.05), DTypes.BF16));
            Tensor up = Ops.mul(seeds.normal(weight.size(0), 3), 0.05);
            return layer(
                    rotated.sub(up.matmul(down)),
                    IntGrid.asymmetric(bits),
                    new Granularity.PerChannel(),
                    input,
                    List.of(
                            new Correction.ChannelShift(shift, weight.matmul(shift)),
                            new Correction.ChannelScale(factors),
                            rotation,
                            new Correction.LowRank(down, up, lowRankOnQuantized)));
        }
    }

    /** A plan a bucket of chunks. */
    public static InputPlan stepwise() {
        return new InputPlan.Stepwise(
                new StepBuckets.ByChunk(3), List.of(staticInput(8), new InputPlan.Full(), staticInput(6)));
    }

    /** Scales and zero points of each token. */
    public static InputPlan dynamic(int bits, boolean symmetric) {
        return new InputPlan.Dynamic(new IntGrid(bits, symmetric), new Granularity.PerToken());
    }

    /** Clipping factors a bucket of timesteps. */
    public static InputPlan clipped(int bits, boolean zeroInGrid) {
        List<InputPlan> plans = new ArrayList<>();
        for (int bucket = 0; bucket < 4; bucket++) {
            plans.add(new InputPlan.Dynamic(
                    IntGrid.asymmetric(bits),
                    new Granularity.PerToken(),
                    0.9f - 0.1f * bucket,
                    0.8f + 0.05f * bucket,
                    zeroInGrid));
        }
        return new InputPlan.Stepwise(new StepBuckets.ByTimestep(4), plans);
    }

    /** Every kind of plan by turns. */
    public static LayerPlan mixed(LinearSite site, Tensor weight) {
        Granularity rows = new Granularity.PerChannel();
        return switch (site.role()) {
            case SELF_Q -> plain(weight, 8, true, rows, staticInput(8));
            case SELF_K -> plain(weight, 8, false, rows, staticInput(8));
            case SELF_V -> plain(weight, 4, false, rows, clipped(8, true));
            case SELF_O -> plain(weight, 4, true, rows, dynamic(8, true));
            case CROSS_Q -> plain(weight, 3, false, new Granularity.Grouped(20), staticInput(6));
            case CROSS_K -> plain(weight, 2, false, rows, stepwise());
            case CROSS_V -> plain(weight, 12, false, rows, new InputPlan.Full());
            case CROSS_O -> corrected(weight, 4, staticInput(8), false);
            case FFN_UP -> dual(weight, 8, 5, staticInput(8), clipped(4, false));
            case FFN_DOWN -> dual(weight, 4, 3, stepwise(), staticInput(8));
            default -> corrected(weight, 8, dynamic(8, false), true);
        };
    }
}
