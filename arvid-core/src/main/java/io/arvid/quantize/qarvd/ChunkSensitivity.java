package io.arvid.quantize.qarvd;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.SensitivityLog;
import io.arvid.model.CausalVideoModel;
import io.arvid.model.SiteForward;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.Progress;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * Step A: how much the final video suffers when one chunk alone is quantized (Q-ARVD, section on final-quality-guided weighting;
 * {@code get_chunk_wise_weights.py}). Every roll-out of a prompt has the same noise; chunk k is quantized in its denoising passes and in its context
 * pass, so that what it writes to the cache is, too.
 *
 * <p>The published measure charges the text path (cross-attention keys and values, text embedding) to chunk 0, in which it runs. Two more roll-outs a
 * prompt measure it apart.
 */
public final class ChunkSensitivity {
    /** Roll-outs of a prompt: in full precision, with the two parts of the text path, and with each chunk. */
    public static final Needs.Measured ROLLOUTS = new Needs.Measured(3, 1);

    private static final String TEXT_PATH = "text-path";
    private static final String FIRST_WITHOUT_TEXT = "chunk-0-without-text";

    private final CausalVideoModel model;
    private final CalibrationRollouts rollouts;
    private final FakeQuantForward quantized;
    private final String part;

    /** Measures with {@code quantized}, which simulates a plan over {@code model}. */
    public ChunkSensitivity(CausalVideoModel model, CalibrationRollouts rollouts, FakeQuantForward quantized) {
        this("", model, rollouts, quantized);
    }

    private ChunkSensitivity(
            String part, CausalVideoModel model, CalibrationRollouts rollouts, FakeQuantForward quantized) {
        this.part = part;
        this.model = model;
        this.rollouts = rollouts;
        this.quantized = quantized;
    }

    /**
     * The measurement on the first {@code prompts} prompts; roll-outs that the log of {@code context} knows are not repeated.
     *
     * @param part names one of several models that a method measures; empty where it measures one
     * @param rounded the model whose chunks are measured, asked for only where a roll-out is missing
     */
    public static Sensitivity measure(String part, QuantContext context, int prompts, Supplier<QuantPlan> rounded) {
        context.requirePrompts(prompts);
        SensitivityLog log = context.sensitivityLog();
        return finished(part, log, context.rollouts().chunkCount(), prompts).orElseGet(() -> {
            try (QuantPlan plan = rounded.get();
                    FakeQuantForward quantized = new FakeQuantForward(context.model(), plan)) {
                return new ChunkSensitivity(part, context.model(), context.rollouts(), quantized)
                        .measure(prompts, log, context.progress());
            }
        });
    }

    /** Measures on the first {@code prompts} prompts; roll-outs that {@code log} knows are not repeated. */
    public Sensitivity measure(int prompts, SensitivityLog log, Progress progress) {
        SequencedMap<String, SiteForward> runs = runs();
        try (Progress.Stage stage = progress.begin("chunk sensitivity", (long) prompts * (runs.size() + 1))) {
            for (int prompt = 0; prompt < prompts; prompt++) {
                measure(prompt, runs, log, stage);
            }
        }
        return finished(part, log, rollouts.chunkCount(), prompts).orElseThrow();
    }

    /** The measurement on {@code prompts} prompts of {@code chunkCount} chunks, if {@code log} knows all its roll-outs. */
    private static Optional<Sensitivity> finished(String part, SensitivityLog log, int chunkCount, int prompts) {
        List<List<List<Double>>> chunks = new ArrayList<>();
        for (int chunk = 0; chunk < chunkCount; chunk++) {
            chunks.add(logged(log, prompts, part + "chunk-" + chunk));
        }
        List<List<Double>> textPath = logged(log, prompts, part + TEXT_PATH);
        List<List<Double>> firstWithoutText = logged(log, prompts, part + FIRST_WITHOUT_TEXT);
        boolean complete = Stream.concat(chunks.stream(), Stream.of(textPath, firstWithoutText))
                .allMatch(run -> run.size() == prompts);
        return complete ? Optional.of(new Sensitivity(chunks, textPath, firstWithoutText)) : Optional.empty();
    }

    /** The roll-outs of a prompt by name: each chunk alone, and the two that set the text path apart. */
    private SequencedMap<String, SiteForward> runs() {
        LinkedHashMap<String, SiteForward> runs = new LinkedHashMap<>();
        for (int chunk = 0; chunk < rollouts.chunkCount(); chunk++) {
            runs.put(part + "chunk-" + chunk, quantized.duringChunk(chunk));
        }
        runs.put(part + TEXT_PATH, quantized.where((site, step) -> site.role().isTextPath()));
        runs.put(
                part + FIRST_WITHOUT_TEXT,
                quantized.where(
                        (site, step) -> step.chunk() == 0 && !site.role().isTextPath()));
        return runs;
    }

    private void measure(int prompt, Map<String, SiteForward> runs, SensitivityLog log, Progress.Stage stage) {
        List<String> open = runs.keySet().stream()
                .filter(run -> log.find(prompt, run).isEmpty())
                .toList();
        stage.resume(runs.size() - open.size());
        if (open.isEmpty()) {
            stage.resume(1);
            return;
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor reference = rollouts.latents("full-precision", prompt, model.fullPrecision());
            stage.step();
            for (String run : open) {
                try (TensorScope each = TensorScope.open()) {
                    Tensor latents = rollouts.latents(run, prompt, runs.get(run));
                    log.put(prompt, run, frameErrors(latents, reference));
                }
                stage.step();
            }
        }
    }

    /** Mean squared difference of each frame of latents {@code [B, F, C, H, W]}. */
    private static List<Double> frameErrors(Tensor latents, Tensor reference) {
        Tensor difference = Ops.toF64(latents).sub(Ops.toF64(reference));
        double[] errors = Tensors.toDoubles(Ops.mean(difference.mul(difference), false, 0, 2, 3, 4));
        return Arrays.stream(errors).boxed().toList();
    }

    /** Frame errors of {@code run} of the prompts that {@code log} knows it of. */
    private static List<List<Double>> logged(SensitivityLog log, int prompts, String run) {
        return IntStream.range(0, prompts)
                .mapToObj(prompt -> log.find(prompt, run))
                .flatMap(Optional::stream)
                .toList();
    }
}
