package io.arvid.run.bench;

import io.arvid.kernel.KernelCatalogue;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteForward;
import io.arvid.pack.PackedLayer;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.minmax.MinMax;
import io.arvid.quantize.minmax.MinMaxRecipe;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.record.Progress;
import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.rollout.kv.KvQuantization;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.KvModes;
import io.arvid.run.ModelFolder;
import io.arvid.run.QuantizedModel;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Whole roll-outs of a model on disk, in float32 between the layers: time, bytes of the cache, and how far the latents are from full precision, chunk by chunk. */
final class RolloutBenchmark {
    private static final long SEED = 1;

    private final ModelFolder model;
    private final Generator generator;
    private final String prompt;
    private final ByTurns clock;

    RolloutBenchmark(ModelFolder model, Generator generator, String prompt, ByTurns clock) {
        this.model = model;
        this.generator = generator;
        this.prompt = prompt;
        this.clock = clock;
    }

    private record Contestant(String name, int bits, KvQuantization kv) {}

    private static List<Contestant> contestants() {
        List<Contestant> contestants = new ArrayList<>();
        for (KvQuantization.Codes codes : KvQuantization.Codes.values()) {
            String name = codes == KvQuantization.Codes.NONE ? "float32" : "float32, kv " + id(codes);
            contestants.add(new Contestant(name, 0, KvQuantization.of(codes)));
        }
        for (KvQuantization.Codes codes : List.of(KvQuantization.Codes.INT4, KvQuantization.Codes.INT2)) {
            contestants.add(new Contestant("float32, kv " + id(codes) + " corrected", 0, with(codes, 0, 0, true)));
        }
        contestants.add(new Contestant(
                "float32, kv int2, first and newest chunk kept", 0, with(KvQuantization.Codes.INT2, 1, 1, false)));
        contestants.add(new Contestant("W8A8", 8, KvQuantization.of(KvQuantization.Codes.NONE)));
        contestants.add(new Contestant("W4A8", 4, KvQuantization.of(KvQuantization.Codes.NONE)));
        contestants.add(new Contestant("W8A8, kv int8", 8, KvQuantization.of(KvQuantization.Codes.INT8)));
        return contestants;
    }

    private static KvQuantization with(KvQuantization.Codes codes, int sink, int recent, boolean corrects) {
        return new KvQuantization(codes, 0, GroupedQuantizer.Axis.TOKENS, sink, recent, corrects, List.of());
    }

    private static String id(KvQuantization.Codes codes) {
        return codes.name().toLowerCase(Locale.ROOT);
    }

    static long runs(ByTurns clock) {
        return clock.runs(contestants().size());
    }

    List<BenchRow> run(Progress.Stage stage) {
        Map<Integer, SiteForward> sites = new HashMap<>();
        sites.put(0, model.transformer().fullPrecision());
        try (QuantPlan eight = plan(8);
                QuantPlan four = plan(4);
                QuantizedModel inEight = quantized(eight);
                QuantizedModel inFour = quantized(four);
                TensorScope scope = TensorScope.open()) {
            sites.put(8, inEight);
            sites.put(4, inFour);
            Map<String, Long> bytes = new HashMap<>();
            Map<String, Tensor> latents = new HashMap<>();
            Map<String, Runnable> runs = new LinkedHashMap<>();
            for (Contestant contestant : contestants()) {
                runs.put(contestant.name(), () -> {
                    KvModes.CacheSize size = new KvModes.CacheSize();
                    Tensor made = generator.latents(
                            prompt,
                            SEED,
                            sites.get(contestant.bits()),
                            contestant.kv().stores(),
                            size);
                    bytes.put(contestant.name(), size.bytes());
                    latents.computeIfAbsent(contestant.name(), name -> TensorScope.own(made));
                });
            }
            Map<String, ByTurns.Millis> times = clock.time(runs, stage);
            List<BenchRow> rows = new ArrayList<>();
            times.forEach((name, millis) -> rows.add(BenchRow.timed(
                    "roll-out",
                    model.config().name(),
                    name,
                    millis,
                    times.get("float32"),
                    bytes.get(name),
                    String.format(
                                    Locale.ROOT,
                                    "cache %.3f of float32, latent MSE of each chunk",
                                    bytes.get(name) / (double) bytes.get("float32"))
                            + errors(latents.get("float32"), latents.get(name)))));
            latents.values().forEach(Tensor::close);
            return rows;
        }
    }

    /** Weights by their smallest and largest values, inputs by those of each token: no calibration. */
    private QuantPlan plan(int bits) {
        MinMaxRecipe recipe =
                new MinMaxRecipe(Scheme.dynamicPerToken(bits, IntGrid.asymmetric(8)), 0, RangeRule.MIN_MAX, 0, 0);
        return new MinMax()
                .plan(QuantContext.of(model.transformer(), new GeneratorRollouts(generator, List.of(), SEED)), recipe);
    }

    private QuantizedModel quantized(QuantPlan plan) {
        try (TensorScope scope = TensorScope.open()) {
            Map<LinearSite, PackedLayer> packed = new LinkedHashMap<>();
            plan.layers().forEach((site, layer) -> packed.put(site, PackedLayer.of(layer)));
            return new QuantizedModel(model.transformer(), packed, KernelCatalogue.BEST);
        }
    }

    private String errors(Tensor reference, Tensor latents) {
        StringBuilder text = new StringBuilder();
        KvModes.errors(generator, reference, latents)
                .forEach(error -> text.append(String.format(Locale.ROOT, " %.2e", error)));
        return text.toString();
    }
}
