package io.arvid.bench;

import io.arvid.model.SiteForward;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.arvid.CacheSensitivity;
import io.arvid.quantize.arvid.KvBits;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.record.Progress;
import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.ModelFolder;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;

/**
 * {@code KvBitsBench MODEL MEASURED HELDOUT}: quality against average bits of the KV cache. The damage of every chunk at every width is measured on
 * MEASURED training prompts; widths by chunk under several budgets, and the same width everywhere, are then tried on HELDOUT held-out prompts. Linear
 * layers stay in full precision.
 */
final class KvBitsBench {
    private static final List<Integer> WIDTHS = List.of(2, 4, 8, 16);
    private static final KvPlan.Grouped GROUPS = new KvPlan.Grouped(4, 0, GroupedQuantizer.Axis.TOKENS);
    private static final List<Double> BUDGETS = List.of(2.5, 3.0, 4.0, 5.0, 6.0, 8.0);

    private KvBitsBench() {}

    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        Torch.setThreads(1);
        int measured = Integer.parseInt(args[1]);
        ShapesWorld world = new ShapesWorld(WorldSpec.DEFAULT);
        List<String> train = LongStream.range(0, measured)
                .mapToObj(seed -> world.trainingScene(-1 - seed).prompt())
                .toList();
        List<String> heldOut = world.heldOutPrompts(Integer.parseInt(args[2]), 1);
        try (ModelFolder model = ModelFolder.open(Path.of(args[0]));
                Generator generator = new Generator(model);
                Prompts seen = new Prompts(new GeneratorRollouts(generator, train, 1_000_000));
                Prompts unseen = new Prompts(new GeneratorRollouts(generator, heldOut, 0))) {
            double[][] damage = new CacheSensitivity(
                            new QuantContext(model.transformer(), seen.rollouts, null, Progress.SILENT, 1),
                            GROUPS,
                            WIDTHS)
                    .measure(measured);
            print(damage);
            List<KvPlan> plans = new ArrayList<>();
            for (int bits : List.of(2, 4, 8)) {
                plans.add(new KvPlan.ByChunk(List.of(bits), GROUPS.groupSize(), GROUPS.along()));
            }
            BUDGETS.forEach(budget -> plans.add(new KvBits(WIDTHS, budget).plan(damage, GROUPS)));
            System.out.println(
                    "\n| cache | sum of damages | latent MSE, same prompts | held out, mean | held out, median |");
            System.out.println("|---|---|---|---|---|");
            for (KvPlan plan : plans) {
                double[] errors = unseen.errors(plan);
                System.out.printf(
                        "| %s | %.1e | %.1e | %.1e | %.1e |%n",
                        plan.text(), sum(damage, plan), mean(seen.errors(plan)), mean(errors), median(errors));
            }
        }
    }

    private static void print(double[][] damage) {
        System.out.println("| chunk | 2 bits | 4 bits | 8 bits |\n|---|---|---|---|");
        for (int chunk = 0; chunk < damage.length; chunk++) {
            System.out.printf(
                    "| %d | %.1e | %.1e | %.1e |%n", chunk, damage[chunk][0], damage[chunk][1], damage[chunk][2]);
        }
    }

    /** What {@code plan} would do if damages added up. */
    private static double sum(double[][] damage, KvPlan plan) {
        List<Integer> bits = plan.quantization().bitsByChunk();
        double sum = 0;
        for (int chunk = 0; chunk < damage.length; chunk++) {
            sum += damage[chunk][WIDTHS.indexOf(bits.get(Math.min(chunk, bits.size() - 1)))];
        }
        return sum;
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    /** Prompts with their latents from a full cache. */
    private static final class Prompts implements AutoCloseable {
        private final GeneratorRollouts rollouts;
        private final SiteForward sites;
        private final List<Tensor> references = new ArrayList<>();

        Prompts(GeneratorRollouts rollouts) {
            this.rollouts = rollouts;
            this.sites = rollouts.generator().model().transformer().fullPrecision();
            for (int prompt = 0; prompt < rollouts.promptCount(); prompt++) {
                try (TensorScope scope = TensorScope.open()) {
                    references.add(TensorScope.own(rollouts.latents(prompt, sites)));
                }
            }
        }

        /** Mean squared latent error of each prompt with a cache of {@code plan}. */
        double[] errors(KvPlan plan) {
            double[] errors = new double[references.size()];
            for (int prompt = 0; prompt < errors.length; prompt++) {
                try (TensorScope scope = TensorScope.open()) {
                    Tensor own =
                            rollouts.latents(prompt, sites, plan.quantization().stores());
                    errors[prompt] = Tensors.item(Ops.meanSquaredError(own, references.get(prompt)));
                }
            }
            return errors;
        }

        @Override
        public void close() {
            references.forEach(Tensor::close);
        }
    }
}
