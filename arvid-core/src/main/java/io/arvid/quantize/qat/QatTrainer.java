package io.arvid.quantize.qat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.model.SiteForward;
import io.arvid.model.wan.CheckpointedPass;
import io.arvid.model.wan.WanTransformer;
import io.arvid.quantize.qvgen.AuxiliaryModule;
import io.arvid.quantize.qvgen.RankSchedule;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.TrainingStep;
import io.arvid.rollout.RolloutConfig;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The loop of quantization-aware training (QVGen {@code training/trainer.py}):
 *
 * <pre>
 * start: scales by search, Φ from the quantization error
 * for every step:
 *     where a phase begins: halve the rank of every Φ, what is left sorted by singular value
 *     batch = noisy latents, with clean or self-generated chunks as context
 *     loss  = |student(batch) − teacher(batch)|²            gradients through all quantizers
 *     clip the norm of all gradients, one step of each group of parameters
 * end: the integers, without Φ
 * </pre>
 *
 * <p>Everything random is a function of seed and step, and everything else is in the saved state, so that a stopped run goes on to the same end.
 */
public final class QatTrainer implements AutoCloseable {
    /**
     * What a run gives.
     *
     * @param plan integers and input plans; the caller closes it
     * @param weights all parameters of the transformer as they are now, float32; the caller closes them
     */
    public record Result(QuantPlan plan, WeightMap weights) implements AutoCloseable {
        @Override
        public void close() {
            plan.close();
            weights.close();
        }
    }

    private final String method;
    private final String model;
    private final WanTransformer teacher;
    private final QatRecipe recipe;
    private final QatData data;
    private final @Nullable RolloutConfig rollout;
    private final QatSampling sampling;
    private final QatBatches batches;
    private final RankSchedule schedule;
    private final QatLoss loss;
    private final CosineRate rate;

    /**
     * A run of {@code recipe}.
     *
     * @param method id of the method
     * @param model names the weights of {@code teacher}: a run goes on only with the same
     * @param teacher the full-precision model, which is also the start; never changed
     * @param sampling how the model will be sampled
     * @param rollout how clips of self-forced training are generated; null where there are none
     */
    public QatTrainer(
            String method,
            String model,
            WanTransformer teacher,
            QatRecipe recipe,
            QatData data,
            QatSampling sampling,
            @Nullable RolloutConfig rollout) {
        if (recipe.training().context() == QatRecipe.Context.SELF_FORCED && rollout == null) {
            throw new IllegalArgumentException("self-forced training needs a model that rolls out");
        }
        this.method = method;
        this.model = model;
        this.teacher = teacher;
        this.recipe = recipe;
        this.data = data;
        this.rollout = rollout;
        this.sampling = sampling;
        this.batches = new QatBatches(teacher.config(), recipe, data, sampling);
        this.schedule = recipe.rankSchedule();
        this.loss = new QatLoss(recipe.loss());
        this.rate = new CosineRate(
                Math.round(recipe.rates().warmUpShare() * recipe.training().steps()),
                recipe.training().steps());
    }

    /**
     * Trains, or goes on from {@code state}.
     *
     * @param state file of the saved state, written whole or not at all
     * @param listener hears every step, the last one also where its loss is not finite
     * @throws DivergedException where loss or gradients are no longer finite; the saved state is of an earlier step
     */
    public Result train(Path state, TrainingStep.Listener listener) {
        Torch.flushDenormals();
        try (TensorScope scope = TensorScope.open()) {
            SampledInputs inputs = new SampledInputs(teacher, recipe, batches);
            QatStart start = Torch.withoutGradients(() -> QatStart.of(teacher, recipe, inputs));
            try (ParameterGroups groups = new ParameterGroups(start, recipe);
                    SelfForcedClips generated = selfForcedClips();
                    QatModel student = student(start, groups.views())) {
                QatState saved = new QatState(state, facts(), changeable());
                for (long step = saved.restore(groups, generated);
                        step < recipe.training().steps();
                        step++) {
                    TrainingStep made = oneStep(step, groups, generated, student);
                    listener.onStep(made);
                    DivergedException.requireFinite(made);
                    if ((step + 1) % recipe.training().saveEvery() == 0
                            || step + 1 == recipe.training().steps()) {
                        saved.save(step + 1, groups, generated);
                    }
                }
                return result(start, groups);
            }
        }
    }

    private QatModel student(QatStart start, Map<String, Tensor> trained) {
        Map<String, Tensor> all = new LinkedHashMap<>(start.fixed());
        all.putAll(trained);
        return new QatModel(teacher.config(), recipe, sampling.first(), all);
    }

    private SelfForcedClips selfForcedClips() {
        return new SelfForcedClips(
                rollout == null ? RolloutConfig.selfForcing() : rollout,
                recipe.scheme().kv().quantization().stores(),
                recipe.training().pool());
    }

    /** What a run that goes on may change. */
    private String changeable() {
        return recipe.rates() + ", clipNorm " + recipe.optimizer().clipNorm() + ", saveEvery "
                + recipe.training().saveEvery();
    }

    /** What a saved state belongs to: the recipe, but for what is {@link #changeable}, model, data and sampler. */
    private Map<String, String> facts() {
        JsonMapper json = new JsonMapper();
        ObjectNode fixed = json.valueToTree(recipe);
        fixed.remove("rates");
        ((ObjectNode) fixed.path("optimizer")).remove("clipNorm");
        ((ObjectNode) fixed.path("training")).remove("saveEvery");
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("method", method);
        for (Map.Entry<String, JsonNode> key : fixed.properties()) {
            facts.put(key.getKey(), key.getValue().toString());
        }
        facts.put("model", model);
        facts.put("data", data.fingerprint());
        facts.put("frames of a chunk", Integer.toString(sampling.framesPerChunk()));
        facts.put("timesteps", Arrays.toString(sampling.timesteps()));
        facts.put("shift", Double.toString(sampling.shift()));
        JsonNode generation = json.valueToTree(rollout);
        facts.put("roll-out", generation.toString());
        return facts;
    }

    private TrainingStep oneStep(long step, ParameterGroups groups, SelfForcedClips generated, QatModel student) {
        long began = System.nanoTime();
        try (TensorScope scope = TensorScope.open()) {
            if (schedule.isBoundary(step)) {
                Torch.withoutGradients(() -> sort(student, schedule.rank(step)));
                if (recipe.auxiliary().resetMoments()) {
                    groups.clearMoments(ParameterGroups.AUXILIARY);
                }
            }
            QatLayer.Fading fading = fading(step);
            QatBatches.Batch batch = batch(step, student, fading, generated);
            groups.clearGradients();
            double value = gradients(student, batch, student.sites(batch.timesteps(), fading));
            Predicate<String> active = group -> moves(group, step);
            Map<String, Double> norms = groups.norms();
            double norm = ParameterGroups.total(norms, active);
            if (Double.isFinite(value) && Double.isFinite(norm)) {
                groups.scaleGradients(Math.min(1, recipe.optimizer().clipNorm() / norm));
                groups.step(rate.at(step), active);
            }
            return new TrainingStep(
                    step + 1,
                    recipe.training().steps(),
                    value,
                    norm,
                    norms,
                    fading.rank(),
                    fading.rank() == 0 ? 0 : schedule.fading(step),
                    groups.rates(rate.at(step), active),
                    (System.nanoTime() - began) / 1e9);
        }
    }

    /** Whether {@code step} changes the parameters of {@code group}: Φ while it has a rank, the others when it has warmed up. */
    private boolean moves(String group, long step) {
        return group.equals(ParameterGroups.AUXILIARY)
                ? schedule.rank(step) > 0
                : schedule.initialRank() == 0 || step >= schedule.warmUp();
    }

    private QatLayer.Fading fading(long step) {
        int rank = schedule.rank(step);
        return rank == 0
                ? QatLayer.Fading.GONE
                : new QatLayer.Fading(rank, Ops.toF32(Tensors.of(schedule.gamma(step), schedule.initialRank())));
    }

    /** Refactors every Φ at its new rank. */
    private static boolean sort(QatModel student, int rank) {
        if (rank == 0) {
            return false;
        }
        for (QatLayer layer : student.layers().values()) {
            AuxiliaryModule module = layer.module();
            if (module != null) {
                TensorScope.runAndFree(() -> {
                    AuxiliaryModule sorted = module.sorted(rank);
                    module.left().copy_(sorted.left());
                    module.right().copy_(sorted.right());
                });
            }
        }
        return true;
    }

    private QatBatches.Batch batch(long step, QatModel student, QatLayer.Fading fading, SelfForcedClips generated) {
        if (recipe.training().context() != QatRecipe.Context.SELF_FORCED) {
            QatBatches.Batch batch = batches.fromData(step);
            if (step + 1 < recipe.training().steps()) {
                data.prefetch(batches.clips(step + 1), batches.frames());
            }
            return batch;
        }
        if (generated.isEmpty() || step % recipe.training().refreshEvery() == 0) {
            int[] prompts = batches.clips(step);
            long[] frame = Tensors.shape(data.latents(prompts[0], 1));
            Torch.withoutGradients(() -> {
                generated.refresh(
                        student.transformer(),
                        student.rollOutSites(fading),
                        batches.text(prompts),
                        prompts,
                        batches.frames(),
                        new long[] {frame[1], frame[2], frame[3]},
                        batches.generationSeed(step));
                return step;
            });
        }
        int[] drawn = generated.draw(recipe.training().batch(), batches.generationSeed(step));
        return batches.of(step, generated.latents(drawn), batches.text(generated.prompts(drawn)));
    }

    /** Adds the gradients of the batch's loss, computed with {@code sites}, to those of the student; returns the loss. */
    double gradients(QatModel student, QatBatches.Batch batch, SiteForward sites) {
        Tensor target = recipe.loss().teacher()
                ? Torch.withoutGradients(
                        () -> TensorScope.run(() -> batch.noisy(batches.flow(teacher, batch, teacher.fullPrecision()))))
                : null;
        UnaryOperator<Tensor> objective =
                flow -> loss.of(batch.noisy(flow), target, batch.velocity(), batch.noisyTimesteps());
        if (recipe.training().checkpointing()) {
            return CheckpointedPass.backward(
                    student.transformer(),
                    new CheckpointedPass.Inputs(
                            batch.latents(), batch.timesteps(), batch.text(), batch.wholeClip(), batches.attention()),
                    sites,
                    objective);
        }
        Tensor value = objective.apply(batches.flow(student.transformer(), batch, sites));
        value.backward();
        return Tensors.item(value);
    }

    private Result result(QatStart start, ParameterGroups groups) {
        return Torch.withoutGradients(() -> {
            try (QatModel averaged = student(start, groups.averages())) {
                Map<String, Tensor> weights = new LinkedHashMap<>();
                averaged.transformer()
                        .weights()
                        .entries()
                        .forEach((name, tensor) -> weights.put(name, Ops.copyF32(tensor)));
                return new Result(averaged.plan(method), WeightMap.of(weights));
            }
        });
    }

    @Override
    public void close() {
        batches.close();
    }
}
