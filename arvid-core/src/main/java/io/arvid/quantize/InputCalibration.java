package io.arvid.quantize;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.Recording;
import io.arvid.calibrate.Samples;
import io.arvid.model.LinearSite;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.fit.InputFit;
import io.arvid.quantize.fit.PercentileInputFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.record.Progress;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Finds how inputs are quantized: the model is rolled out with quantized weights and inputs as they come, and ranges are fitted to what its layers then
 * see (Q-ARVD {@code quant_self_forcing.py}, the second calibration pass).
 *
 * @param rule what the recipe asks for
 * @param fit finds ranges
 * @param prompts calibration prompts
 * @param tokensPerSample tokens kept of each pass, 0 for all
 * @param seed of the choice of tokens
 */
public record InputCalibration(InputRule rule, InputFit fit, int prompts, int tokensPerSample, long seed) {
    /** Checks the number of tokens, and that the fit is one for the grid. */
    public InputCalibration {
        if (tokensPerSample < 0) {
            throw new IllegalArgumentException(
                    "tokensPerSample: " + tokensPerSample + " tokens of a pass; 0 keeps all of them");
        }
        if (fit instanceof PercentileInputFit
                && rule.needsCalibration()
                && rule.grid().symmetric()) {
            throw new IllegalArgumentException(
                    "range: percentiles give static inputs a zero point; take 'min-max', or scheme.inputs with"
                            + " \"symmetric\": false");
        }
    }

    /** The same for another rule. */
    public InputCalibration withRule(InputRule other) {
        return new InputCalibration(other, fit, prompts, tokensPerSample, seed);
    }

    /** Every layer with its ranges and nearest codes, as far as an interrupted run of {@code part} came. */
    public FinishedLayers ranged(String part, QuantContext context) {
        String bits = rule.needsCalibration() ? "-" + rule.grid().bits() : "";
        return context.finished().stage("ranges" + bits + part);
    }

    /** {@code scaled} with input plans, every chunk's error counting the same. */
    public ScaledModel calibrate(QuantContext context, ScaledModel scaled) {
        return calibrate("", context, scaled);
    }

    /** The same for one of several models that a method calibrates, which {@code part} names. */
    public ScaledModel calibrate(String part, QuantContext context, ScaledModel scaled) {
        FrameWeights uniform = context.uniformWeights();
        return calibrate(part, ranged(part, context), context, scaled, (site, layer) -> uniform);
    }

    /**
     * The same with errors that do not all count the same.
     *
     * @param finished what an interrupted run found with these weights
     * @param frameWeights how much each chunk's error counts in a layer
     */
    public ScaledModel calibrate(
            String part,
            FinishedLayers finished,
            QuantContext context,
            ScaledModel scaled,
            BiFunction<LinearSite, ScaledLayer, FrameWeights> frameWeights) {
        return rule.needsCalibration()
                ? fromSamples(part, finished, context, scaled, frameWeights)
                : scaled.map((site, layer) -> withoutSamples(layer));
    }

    /** {@code layer} with input plans for what it sees in {@code samples}, in which chunks count as {@code weights} say. */
    public ScaledLayer fitted(ScaledLayer layer, Samples samples, FrameWeights weights) {
        if (!rule.needsCalibration()) {
            return withoutSamples(layer);
        }
        Plans plans = plans(layer, samples, samples.frameWeights(weights));
        return layer.withInputs(plans.normals(), plans.outliers());
    }

    private ScaledLayer withoutSamples(ScaledLayer layer) {
        if (!(rule instanceof InputRule.Dynamic dynamic)) {
            return layer;
        }
        InputPlan plan = new InputPlan.Dynamic(dynamic.grid(), dynamic.at());
        return layer.withInputs(plan, plan);
    }

    /** The plan for inputs {@code [N, tokens, channels]} of {@code samples} (all channels of a layer, or some) with weights {@code [N]}. */
    private InputPlan plan(Tensor inputs, Tensor weights, Samples samples) {
        return switch (rule) {
            case InputRule.Static(IntGrid grid) -> fit.fit(inputs, weights, grid);
            case InputRule.Stepwise(IntGrid grid, StepBuckets buckets) ->
                stepwise(inputs, weights, samples, grid, buckets);
            default -> throw new IllegalStateException(rule + " needs no calibration");
        };
    }

    private ScaledModel fromSamples(
            String part,
            FinishedLayers finished,
            QuantContext context,
            ScaledModel scaled,
            BiFunction<LinearSite, ScaledLayer, FrameWeights> frameWeights) {
        boolean isFinished = scaled.layers().keySet().stream().allMatch(finished::has);
        try (Recording tape = isFinished ? null : record(part, context, scaled);
                LayerWork work = new LayerWork(context.workers());
                Progress.Stage stage =
                        context.progress().begin("input ranges", scaled.layers().size())) {
            context.freeRolloutMemory();
            SequencedMap<LinearSite, Plans> plans = work.find(scaled.layers(), (site, layer) -> {
                LayerPlan ranged = finished.getOrCompute(site, () -> {
                    Samples samples = Objects.requireNonNull(tape).samples(site);
                    Tensor weights = samples.frameWeights(frameWeights.apply(site, layer));
                    Plans fitted = plans(layer, samples, weights);
                    return layer.withInputs(fitted.normals(), fitted.outliers()).nearest();
                });
                stage.step();
                return Plans.of(ranged);
            });
            return scaled.map((site, layer) ->
                    layer.withInputs(plans.get(site).normals(), plans.get(site).outliers()));
        }
    }

    /** How the two groups of a layer's input channels are quantized; both the same where it has one. */
    private record Plans(InputPlan normals, InputPlan outliers) {
        static Plans of(LayerPlan ranged) {
            return new Plans(
                    ranged.input(),
                    ranged.correction(Correction.DualScale.class)
                            .map(Correction.DualScale::input)
                            .orElse(ranged.input()));
        }
    }

    /** Rolls out with quantized weights, recording the inputs of all layers. */
    private Recording record(String part, QuantContext context, ScaledModel scaled) {
        context.requirePrompts(prompts);
        try (QuantPlan weightsOnly = scaled.map(
                                (site, layer) -> layer.withInputs(new InputPlan.Full(), new InputPlan.Full()))
                        .nearest("weights only", new KvPlan.Full());
                FakeQuantForward quantized = new FakeQuantForward(context.model(), weightsOnly)) {
            return context.rollouts()
                    .record(
                            "recording inputs, weights quantized" + part,
                            prompts,
                            new CalibrationRollouts.Wanted(scaled.layers()::containsKey, tokensPerSample, seed),
                            quantized,
                            context.progress());
        }
    }

    private Plans plans(ScaledLayer layer, Samples samples, Tensor weights) {
        ScaledLayer.Outliers outliers = layer.outliers();
        Tensor inputs = layer.transform().input(samples.inputs());
        if (outliers == null || outliers.sharesInput()) {
            InputPlan plan = plan(inputs, weights, samples);
            return new Plans(plan, plan);
        }
        Tensor normals = layer.normalColumns();
        return new Plans(
                plan(inputs.index_select(-1, normals), weights, samples),
                plan(inputs.index_select(-1, outliers.columns()), weights, samples));
    }

    /** A static plan a bucket; a bucket that no sample is in gets the plan of all samples. */
    private InputPlan stepwise(Tensor inputs, Tensor weights, Samples samples, IntGrid grid, StepBuckets buckets) {
        List<InputPlan> plans = new ArrayList<>();
        for (int bucket = 0; bucket < buckets.count(); bucket++) {
            int wanted = bucket;
            long[] inBucket = IntStream.range(0, samples.count())
                    .filter(i -> buckets.of(samples.steps().get(i)) == wanted)
                    .asLongStream()
                    .toArray();
            Tensor chosen = Tensors.of(inBucket, inBucket.length);
            plans.add(
                    inBucket.length == 0
                            ? fit.fit(inputs, weights, grid)
                            : fit.fit(inputs.index_select(0, chosen), weights.index_select(0, chosen), grid));
        }
        return new InputPlan.Stepwise(buckets, plans);
    }
}
