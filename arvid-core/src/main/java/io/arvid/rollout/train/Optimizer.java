package io.arvid.rollout.train;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * AdamW for vectors, embeddings and convolutions; Muon (momentum, then orthogonalization by five Newton–Schulz steps, scaled to the root mean square
 * of an AdamW step, arXiv 2502.16982) for hidden matrices. Both decay weights decoupled from the gradient. Also keeps the exponential moving average
 * of all values.
 */
public final class Optimizer implements AutoCloseable {
    /**
     * Constants of a run.
     *
     * @param beta1 decay of AdamW's first moment
     * @param beta2 decay of AdamW's second moment
     * @param momentum decay of Muon's momentum
     * @param weightDecay share of a value that a step of learning rate 1 removes
     * @param averageDecay decay of the moving average of all values
     */
    public record Settings(double beta1, double beta2, double momentum, double weightDecay, double averageDecay) {
        /** Customary values, without weight decay. */
        public static final Settings DEFAULT = new Settings(0.9, 0.99, 0.95, 0, 0.999);
        /** For runs of a few thousand steps: an average over the last hundred. */
        public static final Settings SHORT_RUN = new Settings(0.9, 0.99, 0.95, 0, 0.99);
    }

    private static final double EPSILON = 1e-8;
    private static final double[] NEWTON_SCHULZ = {3.4445, -4.7750, 2.0315};
    private static final int NEWTON_SCHULZ_STEPS = 5;
    private static final double NEGLIGIBLE = 1e-8;
    private static final double MUON_TO_ADAM = 0.2;

    private final TrainableParameters parameters;
    private final Settings settings;
    private final Tensor moment1;
    private final Tensor moment2;
    private final Tensor average;
    private long step;

    /** A fresh optimizer over {@code parameters}. */
    public Optimizer(TrainableParameters parameters, Settings settings) {
        this.parameters = parameters;
        this.settings = settings;
        try (TensorScope scope = TensorScope.open()) {
            long total = parameters.values().numel();
            this.moment1 = TensorScope.own(Tensors.zeros(DTypes.F32, total));
            this.moment2 = TensorScope.own(Tensors.zeros(DTypes.F32, parameters.vectorLength()));
            this.average = TensorScope.own(Ops.copy(parameters.values()));
        }
    }

    /** Steps made so far, since {@link #clearMoments} if that was called. */
    public long steps() {
        return step;
    }

    /** The moving average of all values, laid out as {@link TrainableParameters#values}. */
    public Tensor average() {
        return average;
    }

    /** One step against the gradients that the parameters hold. */
    public void step(double learningRate) {
        step++;
        Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                adamStep(learningRate);
                parameters.matrixGroups().forEach(group -> muonStep(group, learningRate));
                double decay = Math.min(settings.averageDecay(), (1.0 + step) / (10.0 + step));
                average.lerp_(parameters.values(), new Scalar(1 - decay));
            }
            return step;
        });
    }

    private void adamStep(double learningRate) {
        long length = parameters.vectorLength();
        Tensor values = parameters.values().narrow(0, 0, length);
        Tensor gradient = parameters.gradients().narrow(0, 0, length);
        Tensor first = moment1.narrow(0, 0, length);
        first.lerp_(gradient, new Scalar(1 - settings.beta1()));
        moment2.mul_(new Scalar(settings.beta2())).addcmul_(gradient, gradient, new Scalar(1 - settings.beta2()));
        Tensor scale = Ops.add(Ops.mul(moment2.sqrt(), 1 / Math.sqrt(1 - Math.pow(settings.beta2(), step))), EPSILON);
        values.mul_(new Scalar(1 - learningRate * settings.weightDecay()));
        values.addcdiv_(first, scale, new Scalar(-learningRate / (1 - Math.pow(settings.beta1(), step))));
    }

    private void muonStep(TrainableParameters.MatrixGroup group, double learningRate) {
        Tensor momentum = moment1.narrow(0, group.offset(), group.length()).view(Tensors.shape(group.values()));
        Tensor gradients = group.gradients().mul(group.gains());
        momentum.mul_(new Scalar(settings.momentum())).add_(gradients);
        Tensor direction = orthogonalize(gradients.add(Ops.mul(momentum, settings.momentum())))
                .mul(group.gains());
        double size = MUON_TO_ADAM
                * Math.sqrt(Math.max(group.values().size(1), group.values().size(2)));
        group.values().mul_(new Scalar(1 - learningRate * settings.weightDecay()));
        group.values().sub_(Ops.mul(direction, learningRate * size));
    }

    /** The nearest matrices with all singular values about 1, for a batch {@code [n, rows, columns]}; bfloat16 is enough for a direction. */
    private static Tensor orthogonalize(Tensor matrices) {
        boolean tall = matrices.size(1) > matrices.size(2);
        Tensor x = tall ? matrices.transpose(1, 2) : matrices;
        x = x.div(Ops.add(Ops.sum(x.square(), true, 1, 2).sqrt(), 1e-7));
        // Entries of silent channels decay for ever; their products would be denormal numbers, which are very slow.
        x = MixedPrecision.of(x.mul(x.abs().gt(new Scalar(NEGLIGIBLE))));
        for (int i = 0; i < NEWTON_SCHULZ_STEPS; i++) {
            Tensor gram = x.matmul(x.transpose(1, 2));
            Tensor polynomial = Ops.mul(gram, NEWTON_SCHULZ[1]).add(Ops.mul(gram.matmul(gram), NEWTON_SCHULZ[2]));
            x = Ops.mul(x, NEWTON_SCHULZ[0]).add(polynomial.matmul(x));
        }
        return Ops.toF32(tall ? x.transpose(1, 2) : x);
    }

    /**
     * Begins anew, without moments and steps, so that the next step is as long as the very first. Values stay; their moving average goes on from where it
     * is, but follows them as quickly as at first.
     */
    public void clearMoments() {
        moment1.zero_();
        moment2.zero_();
        step = 0;
    }

    /** Everything that a resumed run needs, beside the number of steps. */
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        state.put("values", parameters.values());
        state.put("moment1", moment1);
        state.put("moment2", moment2);
        state.put("average", average);
        return state;
    }

    /** Goes on from {@code state} after {@code steps} steps. */
    public void restore(WeightMap state, long steps) {
        Torch.withoutGradients(() -> {
            state().forEach((name, tensor) -> tensor.copy_(state.get(name)));
            return steps;
        });
        step = steps;
    }

    @Override
    public void close() {
        moment1.close();
        moment2.close();
        average.close();
    }
}
