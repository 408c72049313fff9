package io.arvid.run.bench;

import io.arvid.kernel.Activation;
import io.arvid.kernel.KernelCatalogue;
import io.arvid.kernel.QuantGemm;
import io.arvid.kernel.RoundedInput;
import io.arvid.model.RolloutStep;
import io.arvid.record.Progress;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.onednn.Onednn;
import io.arvid.tensor.onednn.PackedLinear;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The eight large linear layers of a block at the tokens of a chunk, one shape at a time: q, k, v and o of the self-attention, q and o of the
 * cross-attention, and the two of the feed-forward. Rounding of the input is inside the clock; "rounding" is that part alone.
 */
final class LayerBenchmark {
    static final String BF16 = "bf16 libtorch";
    static final String BF16_PACKED = "bf16, weights packed once";
    static final String W8A8 = "W8A8";
    static final String W4A8 = "W4A8";
    private static final String ROUNDING = "rounding of the input alone";
    private static final int ATTENTION_LAYERS = 6;
    private static final int SHARING_LAYERS = 2;

    private final BenchSettings settings;
    private final ByTurns clock;
    private final Ceilings ceilings;

    LayerBenchmark(BenchSettings settings, ByTurns clock, Ceilings ceilings) {
        this.settings = settings;
        this.clock = clock;
        this.ceilings = ceilings;
    }

    private record Shape(int in, int out, Activation activation) {}

    /** Runs that are made. */
    static long runs(ByTurns clock) {
        return 3 * clock.runs(5);
    }

    List<BenchRow> run(Progress.Stage stage) {
        int dim = settings.config().dim();
        int ffn = settings.config().ffnDim();
        List<Shape> shapes = List.of(
                new Shape(dim, dim, Activation.NONE),
                new Shape(dim, ffn, Activation.NONE),
                new Shape(ffn, dim, Activation.NONE));
        List<BenchRow> rows = new ArrayList<>();
        Map<String, Double> sums = new LinkedHashMap<>();
        for (Shape shape : shapes) {
            Map<String, ByTurns.Millis> times = time(shape, stage);
            times.keySet().forEach(name -> rows.add(row(shape, name, times)));
            int count = shape.in() == shape.out() ? ATTENTION_LAYERS : 1;
            times.forEach((name, millis) -> {
                if (!name.equals(ROUNDING)) {
                    sums.merge(name, count * millis.median(), Double::sum);
                }
            });
            if (shape.in() == shape.out()) {
                // k and v take the codes that q made.
                double shared = SHARING_LAYERS * times.get(ROUNDING).median();
                sums.merge(W8A8, -shared, Double::sum);
                sums.merge(W4A8, -shared, Double::sum);
            }
        }
        double products = 2.0 * settings.chunkTokens() * ((double) ATTENTION_LAYERS * dim * dim + 2.0 * dim * ffn);
        sums.forEach((name, millis) -> rows.add(new BenchRow(
                "layer",
                "eight layers of a block",
                name,
                millis,
                0,
                0,
                0,
                products / millis / 1e6,
                products / millis / 1e6 / ceiling(name),
                sums.get(BF16) / millis,
                0,
                "sum of medians; q, k and v share one rounding")));
        return rows;
    }

    private Map<String, ByTurns.Millis> time(Shape shape, Progress.Stage stage) {
        try (TensorScope scope = TensorScope.open();
                RoundedInput shared = new RoundedInput()) {
            Tensor x = RandomLayers.activations(settings.chunkTokens(), shape.in());
            Tensor weight = Ops.mul(RandomLayers.activations(shape.out(), shape.in()), 1 / Math.sqrt(shape.in()));
            Tensor bias = Ops.to(Tensors.zeros(DTypes.F32, shape.out()), DTypes.BF16);
            RolloutStep[] steps = {RolloutStep.wholeClip(1, 0), RolloutStep.wholeClip(1, 1)};
            try (QuantGemm eight = prepare(shape, 8, bias);
                    QuantGemm four = prepare(shape, 4, bias)) {
                int[] turn = {0};
                Map<String, Runnable> contestants = new LinkedHashMap<>();
                contestants.put(BF16, () -> Ops.linear(x, weight, bias));
                Onednn.find()
                        .filter(onednn -> PackedLinear.fits(onednn, weight, bias))
                        .map(onednn -> new PackedLinear(onednn, weight, bias, Arena.ofAuto()))
                        .ifPresent(packed -> contestants.put(BF16_PACKED, () -> packed.multiply(x, false)));
                // Another step each time: the input is rounded anew.
                contestants.put(W8A8, () -> eight.multiply(steps[turn[0]++ % 2], x, shared, shape.activation()));
                contestants.put(ROUNDING, () -> eight.round(steps[turn[0]++ % 2], x, shared));
                contestants.put(W4A8, () -> four.multiply(steps[turn[0]++ % 2], x, shared, shape.activation()));
                return clock.time(contestants, stage);
            }
        }
    }

    private static QuantGemm prepare(Shape shape, int bits, Tensor bias) {
        try (TensorScope scope = TensorScope.open()) {
            return KernelCatalogue.BEST.prepare(RandomLayers.packed(shape.in(), shape.out(), bits), bias);
        }
    }

    private BenchRow row(Shape shape, String name, Map<String, ByTurns.Millis> times) {
        ByTurns.Millis millis = times.get(name);
        String what = shape.in() + " → " + shape.out();
        if (name.equals(ROUNDING)) {
            double share = millis.median() / (times.get(W8A8).median() - millis.median());
            String note = String.format(Locale.ROOT, "%.1f %% of the product's time", 100 * share);
            return new BenchRow(
                    "layer",
                    what,
                    name,
                    millis.median(),
                    millis.fastest(),
                    millis.slowest(),
                    millis.processor(),
                    0,
                    0,
                    0,
                    0,
                    note);
        }
        double gigaflops = 2.0 * settings.chunkTokens() * shape.in() * shape.out() / millis.median() / 1e6;
        String note = settings.chunkTokens() + " tokens";
        return BenchRow.rated(
                "layer", what, name, millis, times.get(BF16), 0, note, gigaflops, gigaflops / ceiling(name));
    }

    private double ceiling(String name) {
        return name.startsWith("bf16") ? ceilings.bf16Gigaflops() : ceilings.int8Gigaflops();
    }
}
