package io.arvid.quantize;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.PromptRollouts;
import io.arvid.calibrate.ResumableRollouts;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.model.wan.FullAttention;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanRope;
import io.arvid.model.wan.WanTransformer;
import io.arvid.record.Progress;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutConfig;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * A random Wan transformer, small enough for unit tests, with outlier channels planted in ffn.2 and self_attn.o, and something to calibrate it on:
 * chunks that are denoised one after the other, each seeing the mean of the one before.
 */
public final class TinyModel implements AutoCloseable {
    private static final WanConfig CONFIG = new WanConfig(48, 96, 2, 2, 16, 16, 8, 4, 4, new int[] {1, 2, 2}, 1e-6);
    private static final int CHUNKS = 3;
    private static final int PASSES = 3;

    private final WeightMap weights;
    private final WanTransformer model;

    /** Random weights. */
    public TinyModel(long seed) {
        try (Seeds seeds = new Seeds(seed);
                TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> parameters = new LinkedHashMap<>();
            CONFIG.parameterShapes().forEach((name, shape) -> parameters.put(name, random(name, shape, seeds)));
            this.weights = WeightMap.of(parameters);
        }
        this.model = new WanTransformer(CONFIG, weights);
    }

    private static Tensor random(String name, long[] shape, Seeds seeds) {
        Tensor values = seeds.normal(shape);
        if (name.contains("norm") && name.endsWith("weight")) {
            return Ops.add(Ops.mul(values, 0.1), 1);
        }
        if (shape.length == 1 || name.endsWith("modulation")) {
            return Ops.mul(values, 0.1);
        }
        long fanIn = values.numel() / shape[0];
        Tensor weight = Ops.mul(values, 1 / Math.sqrt(fanIn));
        if (name.endsWith("ffn.2.weight") || name.endsWith("self_attn.o.weight")) {
            Ops.mul_(Ops.slice(weight, 1, 3, 6), 5);
        }
        return weight;
    }

    /** The transformer. */
    public WanTransformer model() {
        return model;
    }

    /** Its weights, float32. */
    public WeightMap weights() {
        return weights;
    }

    /** Calibration prompts: random text states and noise, the same each time. */
    public CalibrationRollouts rollouts(int prompts) {
        return new CalibrationRollouts() {
            @Override
            public int promptCount() {
                return prompts;
            }

            @Override
            public int chunkCount() {
                return CHUNKS;
            }

            @Override
            public Tensor textStates(int prompt) {
                return textOf(prompt);
            }

            @Override
            public Tensor latents(int prompt, SiteForward sites) {
                return TensorScope.run(() -> rollOut(prompt, sites));
            }
        };
    }

    /** Calibration prompts on the real roll-out, in memory and on disk, with the same noise. */
    record Prompts(Rollout rollout, List<Tensor> texts) implements AutoCloseable {
        CalibrationRollouts inMemory() {
            return PromptRollouts.seeded(rollout, texts, 2 * CHUNKS, CONFIG.inDim(), 4, 4, 5);
        }

        CalibrationRollouts onDisk(Path folder) {
            return new ResumableRollouts(
                    rollout, texts, new long[] {1, 2 * CHUNKS, CONFIG.inDim(), 4, 4}, 5, folder, Progress.SILENT);
        }

        @Override
        public void close() {
            texts.forEach(Tensor::close);
        }
    }

    Prompts prompts(int count) {
        RolloutConfig config = new RolloutConfig(2, false, new int[] {1000, 500}, null, true, 5, 0, -1, 0);
        List<Tensor> texts = new ArrayList<>();
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(11)) {
            for (int i = 0; i < count; i++) {
                texts.add(TensorScope.own(seeds.normal(1, CONFIG.textLen(), CONFIG.textDim())));
            }
        }
        return new Prompts(new Rollout(model, config), texts);
    }

    /** The first numbers that {@link #rollOut} draws. */
    private static Tensor textOf(int prompt) {
        try (Seeds seeds = new Seeds(1000 + prompt)) {
            return seeds.normal(1, 8, 16);
        }
    }

    private Tensor rollOut(int prompt, SiteForward sites) {
        try (Seeds seeds = new Seeds(1000 + prompt);
                TextContext text = new TextContext(seeds.normal(1, 8, 16))) {
            WanRope rope = new WanRope(CONFIG.headDim());
            List<Tensor> chunks = new ArrayList<>();
            Tensor before = Tensors.zeros(DTypes.F32, 1, 1, 4, 4, 4);
            for (int chunk = 0; chunk < CHUNKS; chunk++) {
                Tensor x = seeds.normal(1, 2, 4, 4, 4).add(before);
                for (int pass = 0; pass < PASSES; pass++) {
                    double timestep = 1000.0 * (PASSES - 1 - pass) / PASSES;
                    RolloutStep step = new RolloutStep(chunk, pass, pass == PASSES - 1, 2 * chunk, 2, timestep);
                    FullAttention attention = new FullAttention(rope, WanRope.frames(2 * chunk, 2), 2, 2, null);
                    Tensor flow =
                            model.forward(x, Tensors.full(DTypes.F32, timestep, 1, 1), text, step, sites, attention);
                    x = step.isContext() ? x : x.sub(Ops.mul(flow, 0.4));
                }
                before = Ops.mean(x, true, 1);
                chunks.add(x);
            }
            return Ops.cat(1, chunks);
        }
    }

    @Override
    public void close() {
        weights.close();
    }
}
