package io.arvid.verify;

import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The kinds of golden cases that arvid can run, and the loop that runs them. */
public final class GoldenCases {
    /** Result of one case; {@code worst} is null where it could not run, and {@code note} then says why. */
    public record Result(String name, Outcome outcome, CaseReport.@Nullable Comparison worst, String note) {
        /** One line: case, tensor with the largest error, error, tolerance, outcome. */
        public String line() {
            String detail = worst == null
                    ? note
                    : String.format("%s error %.2e (%s)", worst.tensor(), worst.error(), worst.tolerance());
            return String.format(
                    "%-40s %s  %s",
                    name,
                    detail,
                    outcome == Outcome.FAIL ? "FAIL" : outcome.name().toLowerCase(java.util.Locale.ROOT));
        }
    }

    /** How a case ended. */
    public enum Outcome {
        PASS,
        FAIL,
        UNSUPPORTED
    }

    private static final Map<String, GoldenCase> KINDS = allKinds();

    private static Map<String, GoldenCase> allKinds() {
        Map<String, GoldenCase> kinds = new TreeMap<>();
        kinds.put("chunk_sensitivity", new ChunkSensitivityCase());
        kinds.put("discriminability", new DiscriminabilityCase());
        kinds.put("fake_quant_reference", new FakeQuantReferenceCase());
        kinds.put("flow_match_scheduler", new FlowMatchCase());
        kinds.put("frechet_psnr_ssim", new FrechetPsnrSsimCase());
        kinds.put("gptq", new GptqCase());
        kinds.put("gptq_asymmetric_inputs", new GptqQuantizedInputsCase());
        kinds.put("hadamard_rotation", new HadamardCase());
        kinds.put("kv_kivi", new KvKiviCase());
        kinds.put("kv_qvg", new KvQvgCase());
        kinds.put("layer_reconstruction", new LayerReconstructionCase());
        kinds.put("layer_reconstruction_dual", new LayerReconstructionCase());
        kinds.put("lpips", new LpipsCase());
        kinds.put("outlier_detection", new OutlierDetectionCase());
        kinds.put("prompt_cleaning", new PromptCleaningCase());
        kinds.put("ptq4dit_balance", new SalienceBalanceCase());
        kinds.put("quantizers", new QuantizersCase());
        kinds.put("qvgen_auxiliary", new AuxiliaryModuleCase());
        kinds.put("qvgen_quantizers", new LearnedQuantizersCase());
        kinds.put("rolling_forcing_rollout", new RollingForcingCase());
        kinds.put("rope_and_norms", new RopeAndNormsCase());
        kinds.put("smoothquant_scales", new SmoothQuantCase());
        kinds.put("solver_flow", new FlowSolverCase());
        kinds.put("svdquant_lowrank", new LowRankCase());
        kinds.put("taehv", new TinyAutoencoderCase());
        kinds.put("umt5_encoder", new UmtEncoderCase());
        kinds.put("vbench_aggregation", new VBenchAggregationCase());
        kinds.put("wan_dit_bidirectional", new WanBidirectionalCase());
        kinds.put("wan_dit_causal_first_chunk_schedule", new CausalRolloutCase());
        kinds.put("wan_dit_causal_i2v", new CausalRolloutCase());
        kinds.put("wan_dit_causal_local_attention", new CausalRolloutCase());
        kinds.put("wan_dit_causal_rollout", new CausalRolloutCase());
        kinds.put("wan_vae", new WanVaeCase());
        return kinds;
    }

    private GoldenCases() {}

    /** Names of the kinds that can be run. */
    public static List<String> kinds() {
        return List.copyOf(KINDS.keySet());
    }

    /** Every folder with a {@code case.json} directly below {@code root}, by name; or {@code root} itself where it is one. */
    public static List<Path> find(Path root) {
        if (Files.exists(root.resolve("case.json"))) {
            return List.of(root);
        }
        try (Stream<Path> folders = Files.list(root)) {
            return folders.filter(folder -> Files.exists(folder.resolve("case.json")))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + root + ": " + e.getMessage(), e);
        }
    }

    /** Runs the case in {@code folder}. */
    public static Result run(Path folder) {
        String name = folder.getFileName().toString();
        try (TensorScope scope = TensorScope.open();
                CaseFolder opened = CaseFolder.open(folder)) {
            GoldenCase kind = KINDS.get(opened.kind());
            if (kind == null) {
                return new Result(name, Outcome.UNSUPPORTED, null, "no kind '" + opened.kind() + "'");
            }
            CaseReport report = new CaseReport();
            Torch.withoutGradients(() -> {
                kind.run(opened, report);
                return report;
            });
            return new Result(name, report.passed() ? Outcome.PASS : Outcome.FAIL, report.worst(), "");
        } catch (RuntimeException e) {
            return new Result(name, Outcome.FAIL, null, e.getClass().getSimpleName() + ": " + Torch.message(e));
        }
    }
}
