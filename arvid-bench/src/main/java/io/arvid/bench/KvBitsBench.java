package io.arvid.bench;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.arvid.CacheSensitivity;
import io.arvid.quantize.arvid.KvBits;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.record.Progress;
import io.arvid.rollout.DenseKvStore;
import io.arvid.rollout.RolloutListener;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.run.Generator;
import io.arvid.run.KvModes;
import io.arvid.run.ModelFolder;
import io.arvid.run.PromptRollouts;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;

/**
 * {@code KvBitsBench MODEL MEASURED HELDOUT}: quality against average bits of the KV cache. The damage of every chunk at every width is measured on
 * MEASURED training prompts; widths by chunk under several budgets, and the same width everywhere, are then tried on HELDOUT held-out prompts. Linear
 * layers stay in full precision.
 */
final class KvBitsBench {
    private static final List<Integer> WIDTHS = List.of(2, 4, 8, 16);
    private static final KvPlan.Grouped GROUPS = new KvPlan.Grouped(4, 0, KvPlan.Grouped.Axis.TOKENS);
    private static final List<Double> BUDGETS = List.of(2.5, 3.0, 4.0, 5.0, 6.0, 8.0);

    private KvBitsBench() {}

    /** Latent error against the full cache: mean over prompts, and of each prompt. */
    private record Score(String text, long bytes, double[] errors) {
        double mean() {
            return Arrays.stream(errors).average().orElseThrow();
        }

        double median() {
            double[] sorted = errors.clone();
            Arrays.sort(sorted);
            return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
        }
    }

    public static void main(String[] args) {
        Torch.setThreads(1);
        int measured = Integer.parseInt(args[1]);
        ShapesWorld world = new ShapesWorld(WorldSpec.DEFAULT);
        List<String> train = LongStream.range(0, measured)
                .mapToObj(seed -> world.trainingScene(-1 - seed).prompt())
                .toList();
        List<String> heldOut = world.heldOutPrompts(Integer.parseInt(args[2]), 1);
        try (ModelFolder model = ModelFolder.open(Path.of(args[0]));
                Generator generator = new Generator(model)) {
            CalibrationRollouts rollouts = new PromptRollouts(generator, train, 1_000_000);
            double[][] errors = new CacheSensitivity(
                            new QuantContext(model.transformer(), rollouts, null, Progress.SILENT, 1), GROUPS, WIDTHS)
                    .measure(measured);
            System.out.println("| chunk | 2 bits | 4 bits | 8 bits |\n|---|---|---|---|");
            for (int chunk = 0; chunk < errors.length; chunk++) {
                System.out.printf("| %d | %.1e | %.1e | %.1e |%n", chunk, errors[chunk][0], errors[chunk][1], errors[chunk][2]);
            }
            List<KvPlan> plans = new ArrayList<>();
            for (int bits : List.of(2, 4, 8)) {
                plans.add(new KvPlan.Grouped(bits, GROUPS.groupSize(), GROUPS.along()));
            }
            BUDGETS.forEach(budget -> plans.add(new KvBits(WIDTHS, budget).plan(errors, GROUPS)));
            System.out.println("\n| cache | bytes | latent MSE, mean | median |\n|---|---|---|---|");
            for (KvPlan plan : plans) {
                Score score = score(generator, heldOut, plan);
                System.out.printf("| %s | %d | %.2e | %.2e |%n", score.text(), score.bytes(), score.mean(), score.median());
            }
        }
    }

    private static Score score(Generator generator, List<String> prompts, KvPlan plan) {
        double[] errors = new double[prompts.size()];
        KvModes.CacheSize size = new KvModes.CacheSize();
        for (int i = 0; i < errors.length; i++) {
            try (TensorScope scope = TensorScope.open()) {
                var sites = generator.model().transformer().fullPrecision();
                Tensor reference =
                        generator.latents(prompts.get(i), i, sites, DenseKvStore::new, RolloutListener.NONE);
                Tensor own = generator.latents(prompts.get(i), i, sites, plan.quantization().stores(), size);
                errors[i] = Tensors.item(Ops.meanSquaredError(own, reference));
            }
        }
        return new Score(plan.text(), size.bytes(), errors);
    }
}
