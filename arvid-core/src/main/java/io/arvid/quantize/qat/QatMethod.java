package io.arvid.quantize.qat;

import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.qvgen.Follow;
import io.arvid.quantize.qvgen.RankSchedule;
import io.arvid.quantize.qvgen.TimestepBuckets;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.quantize.scheme.WeightRule;
import java.util.List;
import java.util.Optional;

/**
 * A method that trains. It differs from its neighbours by its recipe alone, and needs data and a training loop, so {@link #plan} refuses: {@link QatTrainer}
 * makes its plans.
 *
 * @param id the same in CLI, recipe file and report
 * @param defaults what a recipe file may leave out
 */
public record QatMethod(String id, QatRecipe defaults) implements QuantMethod<QatRecipe> {
    private static final int BITS = 4;
    private static final String TRAINS =
            "trains the model, which takes clips and time: use 'arvid train qat --recipe FILE'";

    /** QVGen (arXiv 2505.11497) with the official numbers. */
    public static QatMethod qvgen() {
        return new QatMethod("qvgen", recipe(perToken(false), 32, true, QatRecipe.Trained.FULL, true));
    }

    /** LSQ (arXiv 1902.08153) in QVGen's comparison: learned weight scales, inputs dynamic per token, no auxiliary module. */
    public static QatMethod lsq() {
        return new QatMethod("lsq", recipe(perToken(true), 0, false, QatRecipe.Trained.FULL, true));
    }

    /** Q-DM, inferred from its public description: the teacher's prediction as target, input scales that know the timestep. */
    public static QatMethod qDm() {
        return new QatMethod("q-dm", recipe(byTimestep(), 0, false, QatRecipe.Trained.FULL, true));
    }

    /** EfficientDM (arXiv 2310.03270), inferred from its public description: adapters merged before the rounding, input scales by timestep. */
    public static QatMethod efficientDm() {
        return new QatMethod("efficientdm", recipe(byTimestep(), 0, false, QatRecipe.Trained.ADAPTER, true));
    }

    private static Scheme perToken(boolean symmetric) {
        return new Scheme(
                new WeightRule(new IntGrid(BITS, symmetric), new Granularity.PerChannel()),
                new InputRule.Dynamic(IntGrid.asymmetric(BITS), new Granularity.PerToken()),
                Scheme.PAPER_SKIPS,
                new KvPlan.Full());
    }

    private static Scheme byTimestep() {
        return new Scheme(
                new WeightRule(IntGrid.asymmetric(BITS), new Granularity.PerChannel()),
                new InputRule.Stepwise(
                        IntGrid.asymmetric(BITS), new StepBuckets.ByTimestep(TimestepBuckets.OFFICIAL_COUNT)),
                Scheme.PAPER_SKIPS,
                new KvPlan.Full());
    }

    private static QatRecipe recipe(
            Scheme scheme, int rank, boolean clipping, QatRecipe.Trained trained, boolean teacher) {
        return new QatRecipe(
                scheme,
                0,
                Follow.PAPER,
                new QatRecipe.Weights(trained, 32, true, 1),
                new QatRecipe.Inputs(clipping, TimestepBuckets.OFFICIAL_COUNT),
                new QatRecipe.Auxiliary(rank, 0, 0, RankSchedule.Decay.COSINE, 1, false),
                new QatRecipe.Loss(teacher, 0),
                new QatRecipe.Rates(3e-5, 3e-5, 3e-5, 1e-2, 0.1),
                new QatRecipe.Optimizers(false, 0.9, 0.95, 1e-4, 1, 0),
                new QatRecipe.Training(
                        QatRecipe.Context.TEACHER_FORCED,
                        2667,
                        48,
                        7,
                        3000,
                        0,
                        0,
                        0,
                        20,
                        16,
                        QatRecipe.Precision.F32,
                        false,
                        100));
    }

    @Override
    public Needs needs(QatRecipe recipe) {
        return new Needs.Training(
                Math.min(
                        recipe.training().clips(),
                        Math.toIntExact(
                                recipe.training().steps() * recipe.training().batch())),
                Math.toIntExact(recipe.training().steps()));
    }

    @Override
    public Optional<String> refusal(QatRecipe recipe) {
        return Optional.of(TRAINS);
    }

    @Override
    public QuantPlan choose(QuantContext context, QatRecipe recipe) {
        throw new IllegalArgumentException(id + " " + TRAINS);
    }

    /** All methods that train, in the order of the reports. */
    public static List<QatMethod> all() {
        return List.of(lsq(), qDm(), efficientDm(), qvgen());
    }
}
