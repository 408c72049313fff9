package io.arvid.bench;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.InputTap;
import io.arvid.calibrate.Samples;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.quantize.adaround.FusedReconstruction;
import io.arvid.quantize.adaround.LayerReconstruction;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fake.FakeWeight;
import io.arvid.quantize.fit.GramLoss;
import io.arvid.quantize.fit.PercentileInputFit;
import io.arvid.quantize.fit.PercentileWeightFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.gram.GramSolver;
import io.arvid.quantize.gram.LayerGrams;
import io.arvid.quantize.gram.PairedInputs;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.ModelFolder;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;

/**
 * The reference loop of layer reconstruction (2000 iterations, one calibration prompt) against {@link GramSolver}, layer by layer at W4A8 on held-out
 * prompts, one thread, processor time: {@code SolverBench MODEL [LAYERS]} for the layers of a model, {@code SolverBench synthetic [SIZE TOKENS]} for one
 * wide layer.
 *
 * <p>The reference's result is that of {@link FusedReconstruction}, which equals the plain loop; its time is that of {@link LayerReconstruction} over a
 * number of iterations, in the same process and in turn with ours, times 2000. Times are of the solvers alone: neither includes the roll-outs, nor ours
 * the sums of the Gram matrices, whose time is printed beside it.
 */
public final class SolverBench {
    private static final int TIMED_ITERATIONS = 50;
    private static final int SAMPLES = 35;
    private static final int HELD_OUT_PROMPTS = 8;
    private static final int CALIBRATION_PROMPTS = 16;
    private static final FrameWeights UNIFORM = FrameWeights.uniform(7);

    private record Score(
            String layer, double nearest, double reference, double referenceSeconds, Ours quick, Ours best) {
        record Ours(double loss, double seconds, double gramSeconds) {}
    }

    private SolverBench() {}

    /** Runs it. */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        Torch.setThreads(1);
        Torch.withoutGradients(() -> {
            if (args[0].equals("synthetic")) {
                int size = args.length > 1 ? Integer.parseInt(args[1]) : 1536;
                int tokens = args.length > 2 ? Integer.parseInt(args[2]) : 4680;
                TensorScope.runAndFree(() -> print(synthetic(size, tokens)));
            } else {
                model(Path.of(args[0]), args.length > 1 ? Integer.parseInt(args[1]) : Integer.MAX_VALUE);
            }
            return 0;
        });
    }

    private static void model(Path folder, int layers) {
        ShapesWorld world = new ShapesWorld(WorldSpec.DEFAULT);
        List<String> prompts = LongStream.range(0, CALIBRATION_PROMPTS)
                .mapToObj(seed -> world.trainingScene(-1 - seed).prompt())
                .toList();
        List<String> heldOut = world.heldOutPrompts(HELD_OUT_PROMPTS, 1);
        List<Score> scores = new ArrayList<>();
        try (ModelFolder model = ModelFolder.open(folder);
                Generator generator = new Generator(model)) {
            List<LinearSite> sites = Scheme.staticPerTensor(4, 8).sites(model.transformer()).stream()
                    .filter(site -> !site.role().isTextPath())
                    .toList();
            int step = Math.max(1, sites.size() / Math.min(layers, sites.size()));
            List<LinearSite> chosen = new ArrayList<>();
            for (int i = 0; i < sites.size(); i += step) {
                chosen.add(sites.get(i));
            }
            List<ActivationTape> train = record(generator, prompts, 1_000_000, chosen);
            List<ActivationTape> test = record(generator, heldOut, 0, chosen);
            for (LinearSite site : chosen) {
                TensorScope.runAndFree(() -> {
                    Score score = score(
                            site.name(),
                            model.transformer().weight(site),
                            model.transformer().bias(site),
                            train.stream().map(tape -> tape.samples(site)).toList(),
                            test.stream().map(tape -> tape.samples(site)).toList());
                    scores.add(score);
                    print(score);
                });
            }
            train.forEach(ActivationTape::close);
            test.forEach(ActivationTape::close);
        }
        summary(scores);
    }

    private static List<ActivationTape> record(
            Generator generator, List<String> prompts, long seed, List<LinearSite> sites) {
        GeneratorRollouts rollouts = new GeneratorRollouts(generator, prompts, seed);
        List<ActivationTape> tapes = new ArrayList<>();
        for (int prompt = 0; prompt < prompts.size(); prompt++) {
            ActivationTape tape = new ActivationTape(sites::contains, 0, 0);
            int index = prompt;
            TensorScope.runAndFree(() -> rollouts.latents(
                    index, new InputTap(generator.model().transformer().fullPrecision(), tape)));
            tapes.add(tape);
        }
        return tapes;
    }

    /** Tokens whose channels are correlated and heavy-tailed, some of them outliers; the weight has outlier columns of its own. */
    private static Score synthetic(int size, int tokens) {
        try (Seeds seeds = new Seeds(5)) {
            Tensor mixing = Ops.mul(seeds.normal(size, size), 1 / Math.sqrt(size));
            Tensor spread = Ops.mul(seeds.normal(size), 0.7).exp_();
            Tensor outliers = Tensors.arange(io.arvid.tensor.DTypes.I64, size / 50);
            Tensor weight = Ops.mul(seeds.normal(size, size), 1 / Math.sqrt(size));
            Ops.mul_(Ops.slice(weight, 1, 0, outliers.numel()), 4);
            Tensor bias = Tensors.zeros(io.arvid.tensor.DTypes.F32, size);
            List<Samples> train = List.of(samples(seeds, size, tokens, mixing, spread));
            List<Samples> test = List.of(samples(seeds, size, Math.min(tokens, 512), mixing, spread));
            return score("synthetic " + size + "x" + size, weight, bias, train, test);
        }
    }

    private static Samples samples(Seeds seeds, int size, int tokens, Tensor mixing, Tensor spread) {
        Tensor inputs = Tensors.empty(io.arvid.tensor.DTypes.F32, SAMPLES, tokens, size);
        List<RolloutStep> steps = new ArrayList<>();
        double[] shares = new double[SAMPLES];
        for (int sample = 0; sample < SAMPLES; sample++) {
            int index = sample;
            TensorScope.runAndFree(() -> {
                Tensor normal = seeds.normal(tokens, size).matmul(mixing);
                Tensor heavy =
                        normal.mul(Ops.add(Ops.mul(normal.abs(), 0.3), 1)).mul(spread);
                inputs.select(0, index).copy_(heavy);
            });
            steps.add(new RolloutStep(sample / 5, sample % 5, sample % 5 == 4, 3 * (sample / 5), 3, 0));
            shares[sample] = 1;
        }
        return new Samples(inputs, steps, shares);
    }

    private static Score score(String name, Tensor weight, Tensor bias, List<Samples> train, List<Samples> heldOut) {
        Samples first = train.getFirst();
        InputPlan plan =
                new PercentileInputFit().fit(first.inputs(), first.frameWeights(UNIFORM), IntGrid.asymmetric(8));
        ScaledLayer layer = ScaledLayer.of(weight, Scheme.staticPerTensor(4, 8).weights(), new PercentileWeightFit())
                .withInputs(plan, plan);
        GramLoss test = gram(layer, heldOut);
        double nearest = test.of(FakeWeight.of(layer.nearest()));
        Reference reference = reference(layer, first, weight, bias);
        double referenceLoss = heldOutLoss(layer, reference.plan(), heldOut);
        Score.Ours quick = ours(GramSolver.quick(), layer, train, test);
        Score.Ours best = ours(GramSolver.standard(), layer, train, test);
        return new Score(name, nearest, referenceLoss, reference.seconds(), quick, best);
    }

    private record Reference(LayerPlan plan, double seconds) {}

    /** Samples with many tokens are thinned for the result, which then is an estimate of the same loss; the time is that of all tokens. */
    private static Reference reference(ScaledLayer layer, Samples samples, Tensor weight, Tensor bias) {
        Tensor f32Bias = Ops.toF32(bias);
        Tensor weights = samples.sumWeights(UNIFORM);
        ReconstructionSettings settings = ReconstructionSettings.official();
        int timed = samples.inputs().size(1) > 1000 ? 1 : TIMED_ITERATIONS;
        double seconds;
        try (Seeds seeds = new Seeds(1);
                LayerReconstruction plain = new LayerReconstruction(
                        layer,
                        new ReconstructionSettings(timed, 8, 2e-3, 4e-5, 0.01, 0.2, 20, 2),
                        ReconstructionSettings.Extras.NONE,
                        samples.inputs(),
                        samples.outputs(weight, bias),
                        weights,
                        f32Bias)) {
            seconds = seconds(() -> plain.run(seeds)) / timed * settings.iterations();
        }
        Samples thinned = thinned(samples, 128);
        try (Seeds seeds = new Seeds(1);
                FusedReconstruction fused = new FusedReconstruction(
                        layer,
                        settings,
                        ReconstructionSettings.Extras.NONE,
                        thinned.inputs(),
                        thinned.outputs(weight, bias),
                        thinned.sumWeights(UNIFORM),
                        f32Bias)) {
            return new Reference(fused.run(seeds), seconds);
        }
    }

    private static Samples thinned(Samples samples, int tokens) {
        long all = samples.inputs().size(1);
        if (all <= tokens) {
            return samples;
        }
        double[] shares = new double[samples.count()];
        java.util.Arrays.fill(shares, (double) all / tokens);
        return new Samples(Ops.slice(samples.inputs(), 1, 0, tokens).contiguous(), samples.steps(), shares);
    }

    private static Score.Ours ours(GramSolver solver, ScaledLayer layer, List<Samples> train, GramLoss test) {
        List<Samples> fitted = new ArrayList<>();
        List<Samples> apart = new ArrayList<>();
        for (int i = 0; i < train.size(); i++) {
            (i % 4 == 3 ? apart : fitted).add(train.get(i));
        }
        GramLoss[] losses = new GramLoss[2];
        double gramSeconds = seconds(() -> {
            losses[0] = gram(layer, fitted);
            losses[1] = apart.isEmpty() ? losses[0] : gram(layer, apart);
        });
        GramSolver.Solved[] solved = new GramSolver.Solved[1];
        double seconds = seconds(() -> solved[0] = solver.solve(layer, losses[0], losses[1]));
        return new Score.Ours(
                test.of(FakeWeight.of(solved[0].layer().withCodes(solved[0].codes()))), seconds, gramSeconds);
    }

    private static GramLoss gram(ScaledLayer layer, List<Samples> prompts) {
        try (LayerGrams grams = new LayerGrams(layer)) {
            for (Samples each : prompts) {
                PairedInputs inputs = new PairedInputs(each, each);
                for (int i = 0; i < each.count(); i++) {
                    int index = i;
                    TensorScope.runAndFree(() -> grams.add(inputs.at(index), UNIFORM));
                }
            }
            return grams.loss();
        }
    }

    /** With the input scale that the reference trained. */
    private static double heldOutLoss(ScaledLayer layer, LayerPlan plan, List<Samples> heldOut) {
        return gram(layer.withInputs(plan.input(), plan.input()), heldOut).of(FakeWeight.of(plan));
    }

    private static double seconds(Runnable work) {
        var threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        work.run();
        return (threads.getCurrentThreadCpuTime() - start) / 1e9;
    }

    private static double seconds(Supplier<?> work) {
        return seconds((Runnable) work::get);
    }

    private static void print(Score score) {
        System.out.printf(
                "{\"layer\": \"%s\", \"nearest\": %.5g, \"reference\": %.5g, \"reference_s\": %.3g, \"quick\": %.5g, \"quick_s\": %.3g, "
                        + "\"standard\": %.5g, \"standard_s\": %.3g, \"gram_s\": %.3g}%n",
                score.layer(),
                score.nearest(),
                score.reference(),
                score.referenceSeconds(),
                score.quick().loss(),
                score.quick().seconds(),
                score.best().loss(),
                score.best().seconds(),
                score.best().gramSeconds());
    }

    private static void summary(List<Score> scores) {
        summary("quick", scores, Score::quick);
        summary("standard", scores, Score::best);
    }

    private static void summary(String name, List<Score> scores, java.util.function.Function<Score, Score.Ours> ours) {
        double[] ratios = scores.stream()
                .mapToDouble(score -> ours.apply(score).loss() / score.reference())
                .sorted()
                .toArray();
        double[] speedups = scores.stream()
                .mapToDouble(
                        score -> score.referenceSeconds() / ours.apply(score).seconds())
                .sorted()
                .toArray();
        long worse = java.util.Arrays.stream(ratios).filter(ratio -> ratio > 1).count();
        System.out.printf(
                "{\"solver\": \"%s\", \"layers\": %d, \"median_loss_ratio\": %.3f, \"worst_loss_ratio\": %.3f, \"worse\": %d, \"median_speedup\": %.0f, "
                        + "\"least_speedup\": %.0f}%n",
                name,
                ratios.length,
                ratios[ratios.length / 2],
                ratios[ratios.length - 1],
                worse,
                speedups[speedups.length / 2],
                speedups[0]);
    }
}
