package io.arvid.quantize.qat;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.quantize.Recipe;
import io.arvid.quantize.qvgen.Follow;
import io.arvid.quantize.qvgen.RankSchedule;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.quantize.scheme.StepBuckets;

/**
 * Settings of quantization-aware training.
 *
 * @param scheme weights per channel; inputs dynamic per token, static, static by timestep, or full
 * @param seed of data order, noise and adapters
 * @param follow paper or official code
 * @param weights what of the weights is learned
 * @param inputs what of the input quantizers is learned
 * @param auxiliary the auxiliary module Φ
 * @param loss what the model learns from
 * @param rates peak learning rates
 * @param optimizer the optimizers' constants
 * @param training the run
 */
public record QatRecipe(
        Scheme scheme,
        long seed,
        Follow follow,
        Weights weights,
        Inputs inputs,
        Auxiliary auxiliary,
        Loss loss,
        Rates rates,
        Optimizers optimizer,
        Training training)
        implements Recipe {
    /**
     * Weights.
     *
     * @param train all parameters, or an adapter that is merged before the rounding
     * @param adapterRank rank of the adapter
     * @param gradientScaling true for LSQ's factor {@code 1/√(in · steps)} on the gradients of scales and zero points
     * @param roundingExponent 1 for the straight-through estimator, larger for AdaSTE
     */
    public record Weights(
            @JsonProperty("train") Trained train,
            @JsonProperty("adapterRank") int adapterRank,
            @JsonProperty("gradientScaling") boolean gradientScaling,
            @JsonProperty("roundingExponent") double roundingExponent) {
        /** Checks the numbers. */
        public Weights {
            require(train == Trained.FULL || adapterRank > 0, "weights.adapterRank must be positive");
            require(roundingExponent >= 1, "weights.roundingExponent must be at least 1");
        }
    }

    /** What of the weights is trained. */
    public enum Trained {
        /** Every parameter of the model. */
        @JsonProperty("full")
        FULL,
        /** Low-rank factors that are added to each quantized weight before its rounding (EfficientDM's QALoRA); the rest stays as it is. */
        @JsonProperty("adapter")
        ADAPTER
    }

    /**
     * Input quantizers.
     *
     * @param learnedClipping true to learn a clipping factor for each end of a dynamic range and each bucket
     * @param buckets timestep buckets of learned clipping
     */
    public record Inputs(
            @JsonProperty("learnedClipping") boolean learnedClipping,
            @JsonProperty("buckets") int buckets) {
        /** Checks the numbers. */
        public Inputs {
            require(buckets > 0, "inputs.buckets must be positive");
        }
    }

    /**
     * The auxiliary module.
     *
     * @param rank 0 for none, else a power of two
     * @param phaseSteps steps in which half of the rank goes; 0 to spread the phases over the run
     * @param warmUp steps before the first phase, in which nothing but Φ is trained
     * @param decay shape of the fading
     * @param initialIterations LoftQ's alternations of the start
     * @param resetMoments true to begin the optimizer's moments of L and R anew where they are re-sorted, false to keep them, as the official code does
     */
    public record Auxiliary(
            @JsonProperty("rank") int rank,
            @JsonProperty("phaseSteps") long phaseSteps,
            @JsonProperty("warmUp") long warmUp,
            @JsonProperty("decay") RankSchedule.Decay decay,
            @JsonProperty("initialIterations") int initialIterations,
            @JsonProperty("resetMoments") boolean resetMoments) {
        /** Checks the numbers. */
        public Auxiliary {
            require(rank == 0 || Integer.bitCount(rank) == 1, "auxiliary.rank must be 0 or a power of two");
            require(phaseSteps >= 0 && warmUp >= 0, "auxiliary.phaseSteps and warmUp must not be negative");
            require(rank == 0 || initialIterations > 0, "auxiliary.initialIterations must be positive");
        }
    }

    /**
     * The loss.
     *
     * @param teacher true to learn from the full-precision model, false from the data
     * @param targetMix α of DSAQuant's mix of both, {@code λ = (e^{α·t/1000} − 1)/(e^α − 1)} of the teacher and {@code 1 − λ} of the data; 0 for none.
     *     Needs the teacher, and clips of the dataset
     */
    public record Loss(
            @JsonProperty("teacher") boolean teacher,
            @JsonProperty("targetMix") double targetMix) {}

    /**
     * Peak learning rates.
     *
     * @param weights of the model's parameters or its adapters
     * @param quantizers of scales and zero points
     * @param auxiliary of Φ
     * @param clips of clipping factors
     * @param warmUpShare share of the run in which all rates rise; then they fall along a cosine
     */
    public record Rates(
            @JsonProperty("weights") double weights,
            @JsonProperty("quantizers") double quantizers,
            @JsonProperty("auxiliary") double auxiliary,
            @JsonProperty("clips") double clips,
            @JsonProperty("warmUpShare") double warmUpShare) {
        /** Checks the numbers. */
        public Rates {
            require(weights >= 0 && quantizers >= 0 && auxiliary >= 0 && clips >= 0, "rates must not be negative");
            require(warmUpShare >= 0 && warmUpShare < 1, "rates.warmUpShare must be at least 0 and less than 1");
        }
    }

    /**
     * Constants of the optimizers.
     *
     * @param muon true for Muon on the matrices inside the blocks, false for AdamW on everything
     * @param beta1 decay of the first moment
     * @param beta2 decay of the second moment
     * @param weightDecay decoupled weight decay
     * @param clipNorm largest norm of all gradients together
     * @param averageDecay decay of the moving average that the result is taken from; 0 for the last values
     */
    public record Optimizers(
            @JsonProperty("muon") boolean muon,
            @JsonProperty("beta1") double beta1,
            @JsonProperty("beta2") double beta2,
            @JsonProperty("weightDecay") double weightDecay,
            @JsonProperty("clipNorm") double clipNorm,
            @JsonProperty("averageDecay") double averageDecay) {
        /** Checks the numbers. */
        public Optimizers {
            requireDecay("beta1", beta1);
            requireDecay("beta2", beta2);
            requireDecay("averageDecay", averageDecay);
            require(weightDecay >= 0, "optimizer.weightDecay must not be negative");
            require(clipNorm > 0, "optimizer.clipNorm must be positive");
        }

        private static void requireDecay(String name, double decay) {
            require(decay >= 0 && decay < 1, "optimizer." + name + " must be at least 0 and less than 1");
        }
    }

    /** What a noisy chunk sees while it is trained. */
    public enum Context {
        /** All frames of the clip at one noise level: the bidirectional model. */
        @JsonProperty("bidirectional")
        BIDIRECTIONAL,
        /** The clean chunks of the clip before it. */
        @JsonProperty("teacher-forced")
        TEACHER_FORCED,
        /** Chunks that the quantized model generated itself. */
        @JsonProperty("self-forced")
        SELF_FORCED
    }

    /** Number types of the products. */
    public enum Precision {
        /** Everything in float32. */
        @JsonProperty("f32")
        F32,
        /** Products of linear layers in bfloat16, everything else in float32. */
        @JsonProperty("bf16")
        BF16
    }

    /**
     * The run.
     *
     * @param context what a noisy chunk sees
     * @param steps optimizer steps
     * @param batch clips of a step
     * @param chunks chunks of a clip
     * @param clips clips of the dataset that are used
     * @param rolloutShare share of chunks that are trained at one of the roll-out's timesteps instead of any
     * @param contextNoise largest standard deviation of the noise on clean frames
     * @param captionDropout share of clips whose prompt is left out
     * @param refreshEvery self-forced: steps between two roll-outs
     * @param pool self-forced: generated clips that are kept
     * @param precision of the products
     * @param checkpointing true to compute each block a second time instead of keeping what it computed
     * @param saveEvery steps between two saved states
     */
    public record Training(
            @JsonProperty("context") Context context,
            @JsonProperty("steps") long steps,
            @JsonProperty("batch") int batch,
            @JsonProperty("chunks") int chunks,
            @JsonProperty("clips") int clips,
            @JsonProperty("rolloutShare") double rolloutShare,
            @JsonProperty("contextNoise") double contextNoise,
            @JsonProperty("captionDropout") double captionDropout,
            @JsonProperty("refreshEvery") int refreshEvery,
            @JsonProperty("pool") int pool,
            @JsonProperty("precision") Precision precision,
            @JsonProperty("checkpointing") boolean checkpointing,
            @JsonProperty("saveEvery") long saveEvery) {
        /** Checks the numbers. */
        public Training {
            require(steps > 0 && batch > 0 && chunks > 0, "a run needs steps");
            require(clips > 0, "training.clips must be positive");
            requireShare("rolloutShare", rolloutShare);
            requireShare("captionDropout", captionDropout);
            require(contextNoise >= 0, "training.contextNoise must not be negative");
            require(refreshEvery > 0 && pool > 0, "refreshEvery and pool must be positive");
            require(saveEvery > 0, "training.saveEvery must be positive");
        }

        private static void requireShare(String name, double share) {
            require(share >= 0 && share <= 1, "training." + name + " must be between 0 and 1");
        }
    }

    /** Checks what types cannot say. */
    public QatRecipe {
        require(
                scheme.weights().at() instanceof Granularity.PerChannel,
                "weights are trained per-channel, not " + scheme.weights().at().text());
        require(
                !(scheme.inputs() instanceof InputRule.Dynamic dynamic) || dynamic.at() instanceof Granularity.PerToken,
                "dynamic inputs are trained per-token");
        require(
                loss.teacher() || training.context() != Context.SELF_FORCED,
                "self-forced training needs the teacher: generated clips have no other target");
        require(loss.targetMix() >= 0, "loss.targetMix must not be negative");
        require(
                loss.targetMix() == 0 || (loss.teacher() && training.context() != Context.SELF_FORCED),
                "loss.targetMix needs the teacher and clips of the dataset: self-forced ones are the model's own,"
                        + " mistakes included");
        require(
                auxiliary.rank() == 0 || weights.train() == Trained.FULL,
                "the auxiliary module goes with weights.train 'full', not 'adapter'");
        require(
                !optimizer.muon() || weights.train() == Trained.FULL,
                "optimizer.muon goes with weights.train 'full': adapters are trained by AdamW");
        require(
                scheme.kv() instanceof KvPlan.Full || training.context() == Context.SELF_FORCED,
                "only self-forced training has a cache that can be quantized: set scheme.kv to rule 'full'");
        require(
                !inputs.learnedClipping() || scheme.inputs() instanceof InputRule.Dynamic,
                "inputs.learnedClipping goes with dynamic inputs");
        require(
                !(scheme.inputs() instanceof InputRule.Stepwise stepwise
                        && (stepwise.buckets() instanceof StepBuckets.ByChunk
                                || stepwise.buckets() instanceof StepBuckets.ByChunkAnd)),
                "inputs by chunk cannot be trained: a batch is one pass over all chunks; use buckets by timestep");
        require(
                !(scheme.inputs() instanceof InputRule.Stepwise stepwise)
                        || stepwise.buckets().count() == inputs.buckets(),
                "inputs.buckets is " + inputs.buckets() + ", but scheme.inputs has buckets of another number");
        long faded =
                auxiliary.warmUp() + RankSchedule.phases(auxiliary.rank()) * phaseSteps(auxiliary, training.steps());
        require(
                auxiliary.rank() == 0 || faded <= training.steps(),
                "the auxiliary module is gone after " + faded + " steps, but training.steps is " + training.steps()
                        + ": lower auxiliary.phaseSteps or warmUp, or set phaseSteps to 0");
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    /** The rank schedule of the run; where {@code phaseSteps} is 0 the module is gone with the last step. */
    public RankSchedule rankSchedule() {
        return new RankSchedule(
                auxiliary.rank(), phaseSteps(auxiliary, training.steps()), auxiliary.warmUp(), auxiliary.decay());
    }

    private static long phaseSteps(Auxiliary auxiliary, long steps) {
        int phases = Math.max(RankSchedule.phases(auxiliary.rank()), 1);
        return auxiliary.phaseSteps() == 0
                ? Math.max(1, (steps - auxiliary.warmUp()) / phases)
                : auxiliary.phaseSteps();
    }

    /** The same with another seed. */
    public QatRecipe withSeed(long other) {
        return new QatRecipe(scheme, other, follow, weights, inputs, auxiliary, loss, rates, optimizer, training);
    }

    /** The same with another number of steps; phases and warm-up of the auxiliary module keep their share of the run. */
    public QatRecipe withSteps(long steps) {
        Auxiliary scaled = new Auxiliary(
                auxiliary.rank(),
                auxiliary.phaseSteps() * steps / training.steps(),
                auxiliary.warmUp() * steps / training.steps(),
                auxiliary.decay(),
                auxiliary.initialIterations(),
                auxiliary.resetMoments());
        return with(scaled, training(training.context(), steps, training.batch(), training.chunks()));
    }

    /**
     * The same for a bidirectional model: whole clips at one noise level, and twice as many of them in a batch, which are about as many tokens as
     * teacher-forced clips with their contexts.
     */
    public QatRecipe bidirectional() {
        return training.context() == Context.BIDIRECTIONAL
                ? this
                : with(auxiliary, training(Context.BIDIRECTIONAL, training.steps(), 2 * training.batch(), 1));
    }

    private Training training(Context context, long steps, int batch, int chunks) {
        Training t = training;
        boolean causal = context != Context.BIDIRECTIONAL;
        return new Training(
                context,
                steps,
                batch,
                chunks,
                t.clips(),
                causal ? t.rolloutShare() : 0,
                causal ? t.contextNoise() : 0,
                t.captionDropout(),
                t.refreshEvery(),
                t.pool(),
                t.precision(),
                t.checkpointing(),
                t.saveEvery());
    }

    private QatRecipe with(Auxiliary module, Training other) {
        return new QatRecipe(scheme, seed, follow, weights, inputs, module, loss, rates, optimizer, other);
    }
}
