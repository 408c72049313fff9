package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.PromptRollouts;
import io.arvid.calibrate.SensitivityLog;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteForward;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.qarvd.ChunkSensitivity;
import io.arvid.quantize.qarvd.Follow;
import io.arvid.quantize.qarvd.OutlierDetection;
import io.arvid.quantize.qarvd.QArvd;
import io.arvid.quantize.qarvd.QArvdRecipe;
import io.arvid.quantize.qarvd.Sensitivity;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.record.Progress;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutConfig;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** {@code chunk_sensitivity}: outlier split, initialization of all quantizers on one roll-out, and a roll-out for every chunk quantized alone. */
final class ChunkSensitivityCase implements GoldenCase {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Pattern PERCENT = Pattern.compile("below ([0-9.]+) percent");

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        JsonNode pipeline = folder.json().path("pipeline");
        WanTransformer model =
                new WanTransformer(JSON.convertValue(folder.json().path("config"), WanConfig.class), folder.weights());
        RolloutConfig config = JSON.convertValue(pipeline, RolloutConfig.class);
        Rollout rollout = new Rollout(model, config);
        QArvdRecipe recipe = recipe(pipeline);
        List<Tensor> texts = new ArrayList<>();
        for (int i = 0; folder.io().has("noise_" + i); i++) {
            texts.add(folder.tensor("context_" + i));
        }
        int frames = (int) folder.tensor("noise_0").size(1);
        CalibrationRollouts prompts =
                new PromptRollouts(rollout, texts, frames, i -> noise(folder, "noise_" + i, "renoise_" + i));
        CalibrationRollouts calibration = new PromptRollouts(
                rollout, List.of(texts.get(1)), frames, i -> noise(folder, "calib_noise", "calib_renoise"));
        try (QuantPlan plan = QArvd.roundToNearest(QuantContext.of(model, calibration), recipe)) {
            plan.layers().forEach((site, layer) -> compareLayer(folder, report, site, layer));
            compareCalibration(folder, report, model, plan, calibration);
            compareSensitivity(folder, report, model, plan, prompts, ChunkPlan.of(config, 0, frames));
        }
    }

    private static PromptRollouts.Noise noise(CaseFolder folder, String initial, String fresh) {
        Tensor renoise = folder.tensor(fresh);
        return new PromptRollouts.Noise(
                folder.tensor(initial),
                (step, shape) -> renoise.select(0, step.chunk()).select(0, step.pass()),
                () -> {});
    }

    private static QArvdRecipe recipe(JsonNode pipeline) {
        JsonNode outlier = pipeline.path("outlier");
        QArvdRecipe defaults = new QArvd().defaults();
        OutlierDetection paper = defaults.outliers();
        return new QArvdRecipe(
                Scheme.staticPerTensor(
                        pipeline.path("weight_bits").asInt(),
                        pipeline.path("act_bits").asInt()),
                defaults.seed(),
                Follow.CODE,
                defaults.overrides(),
                defaults.range(),
                true,
                new OutlierDetection(
                        outlier.path("method").asText().equals("iqr")
                                ? OutlierDetection.Rule.IQR
                                : OutlierDetection.Rule.MAD,
                        outlier.path("mad_threshold").asDouble(paper.madThreshold()),
                        outlier.path("iqr_k").asDouble(paper.iqrFactor()),
                        outlier.path("min_ratio").asDouble(paper.minRatio()),
                        outlier.path("align").asInt(paper.align())),
                defaults.weighting(),
                1,
                1,
                0,
                defaults.reconstruction());
    }

    private static void compareLayer(CaseFolder folder, CaseReport report, LinearSite site, LayerPlan layer) {
        Correction.DualScale dual = layer.correction(Correction.DualScale.class).orElse(null);
        String prefix = "q:" + site.name() + ":";
        if (dual == null) {
            comparePairs(folder, report, prefix, "", layer.scales(), layer.zeros(), layer.input());
            return;
        }
        report.expect(folder, prefix + "outlier_indices", dual.columns(), Tolerance.EXACT);
        comparePairs(folder, report, prefix, "_outlier", dual.scales(), dual.zeros(), dual.input());
        comparePairs(folder, report, prefix, "_normal", layer.scales(), layer.zeros(), layer.input());
    }

    private static void comparePairs(
            CaseFolder folder,
            CaseReport report,
            String prefix,
            String suffix,
            Tensor scales,
            Tensor zeros,
            InputPlan input) {
        InputPlan.Static plan = (InputPlan.Static) input;
        report.expect(folder, prefix + "wdelta" + suffix, scales, folder.tolerance("weight steps"));
        report.expect(folder, prefix + "wzp" + suffix, zeros, Tolerance.EXACT);
        report.expect(
                folder,
                prefix + "adelta" + suffix,
                Tensors.of(new float[] {plan.scale()}, 1),
                folder.tolerance("activation steps"));
        report.expect(folder, prefix + "azp" + suffix, Tensors.of(new float[] {plan.zero()}, 1), Tolerance.EXACT);
    }

    private static void compareCalibration(
            CaseFolder folder,
            CaseReport report,
            WanTransformer model,
            QuantPlan plan,
            CalibrationRollouts calibration) {
        try (QuantPlan weightsOnly = plan.weightsOnly();
                FakeQuantForward forward = new FakeQuantForward(model, weightsOnly)) {
            report.expect(
                    folder,
                    "calib_latents",
                    calibration.latents(0, forward),
                    folder.tolerance("calib_latents, latents_fp"));
        }
    }

    private static void compareSensitivity(
            CaseFolder folder,
            CaseReport report,
            WanTransformer model,
            QuantPlan plan,
            CalibrationRollouts prompts,
            ChunkPlan chunks) {
        try (Recording recording = new Recording(prompts, new ArrayList<>());
                FakeQuantForward forward = new FakeQuantForward(model, plan)) {
            Sensitivity measured = new ChunkSensitivity(model, recording, forward)
                    .measure(prompts.promptCount(), SensitivityLog.inMemory(), Progress.SILENT);
            report.expect(folder, "latents_fp", recording.of(0), folder.tolerance("calib_latents, latents_fp"));
            double[] mse = Tensors.toDoubles(folder.tensor("mse"));
            for (int k = 0; k < mse.length; k++) {
                compareLatents(folder, report, "latents_quant_chunk" + k, recording.of(1 + k), mse[k]);
            }
            Tolerance tolerance = folder.tolerance("mse, normalized");
            report.expect("mse", measured.errors(), mse, tolerance);
            report.expect("normalized", measured.alpha(), Tensors.toDoubles(folder.tensor("normalized")), tolerance);
            report.expect(
                    folder,
                    "mse_by_output_chunk",
                    errorsByOutputChunk(measured, chunks),
                    folder.tolerance("mse_by_output_chunk"));
            double whole = meanSquare(folder.tensor("latents_all_quant").sub(folder.tensor("latents_fp")));
            Tensor allQuantized = Ops.cat(
                    0,
                    IntStream.range(0, prompts.promptCount())
                            .mapToObj(prompt -> prompts.latents(prompt, forward))
                            .toList());
            compareLatents(folder, report, "latents_all_quant", allQuantized, whole);
        }
    }

    /** Keeps the latents of every roll-out: for each prompt full precision first, then the chunks in order, then others. */
    private record Recording(CalibrationRollouts prompts, List<List<Tensor>> latents)
            implements CalibrationRollouts, AutoCloseable {
        @Override
        public int promptCount() {
            return prompts.promptCount();
        }

        @Override
        public int chunkCount() {
            return prompts.chunkCount();
        }

        @Override
        public Tensor textStates(int prompt) {
            return prompts.textStates(prompt);
        }

        @Override
        public Tensor latents(int prompt, SiteForward sites) {
            Tensor made = prompts.latents(prompt, sites);
            while (latents.size() <= prompt) {
                latents.add(new ArrayList<>());
            }
            latents.get(prompt).add(TensorScope.own(Ops.copy(made)));
            return made;
        }

        /** Roll-out {@code index} of all prompts. */
        Tensor of(int index) {
            return Ops.cat(0, latents.stream().map(runs -> runs.get(index)).toList());
        }

        @Override
        public void close() {
            latents.forEach(runs -> runs.forEach(Tensor::close));
        }
    }

    /** Single entries may differ where a rounding flips; the mean square of all may not exceed the stated share of the measured error. */
    private static void compareLatents(
            CaseFolder folder, CaseReport report, String name, Tensor latents, double measured) {
        Matcher share = PERCENT.matcher(
                folder.json().path("tolerance").path("latents_quant_chunk*").asText());
        if (!share.find()) {
            throw new IllegalArgumentException("no share in the tolerance of latents_quant_chunk*");
        }
        double allowed = Double.parseDouble(share.group(1)) / 100 * measured;
        report.expect(
                name + " (mean square)", meanSquare(latents.sub(folder.tensor(name))), 0, Tolerance.absolute(allowed));
    }

    private static Tensor errorsByOutputChunk(Sensitivity measured, ChunkPlan plan) {
        int chunks = plan.generated().size();
        double[] errors = new double[measured.chunkCount() * chunks];
        for (int quantized = 0; quantized < measured.chunkCount(); quantized++) {
            double[] frames = measured.frameErrors(quantized);
            for (int output = 0; output < chunks; output++) {
                ChunkPlan.Chunk chunk = plan.generated().get(output);
                for (int frame = chunk.startFrame(); frame < chunk.endFrame(); frame++) {
                    errors[quantized * chunks + output] += frames[frame] / chunk.frameCount();
                }
            }
        }
        return Tensors.of(errors, measured.chunkCount(), chunks);
    }

    private static double meanSquare(Tensor x) {
        try (TensorScope scope = TensorScope.open()) {
            return Tensors.item(x.mul(x).mean());
        }
    }
}
