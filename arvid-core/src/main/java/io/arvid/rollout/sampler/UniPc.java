package io.arvid.rollout.sampler;

import io.arvid.tensor.Ops;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * UniPC, a predictor and corrector of any order (arXiv 2302.04867, algorithms 5 and 6; Wan2.1 FlowUniPCMultistepScheduler). Each step first corrects
 * the state that the predictor of the step before has reached, with the network's output there, then predicts the next.
 *
 * <p>Where the reference ends in NaN (form {@code bh1} at σ = 0 multiplies an infinite step by a zero residual), this ends in the predicted clean latent.
 *
 * @param order order of the predictor, at least 1; the corrector gains one
 * @param form which B(h) weights the residuals: {@code bh1} is h, {@code bh2} is e^h − 1
 * @param predictsClean true to solve for the clean latent, false to solve for the noise
 * @param lowersFinalOrder true to lower the order towards the end, where fewer steps remain than the order
 * @param uncorrected steps after which the corrector rests
 */
public record UniPc(int order, Form form, boolean predictsClean, boolean lowersFinalOrder, Set<Integer> uncorrected)
        implements FlowSolver {
    /** B(h) of the paper's section 3.1. */
    public enum Form {
        BH1,
        BH2
    }

    /** The settings of Wan2.1. */
    public static UniPc wan() {
        return new UniPc(2, Form.BH2, true, true, Set.of());
    }

    /** Checks the order. */
    public UniPc {
        if (order < 1) {
            throw new IllegalArgumentException("UniPC of order " + order);
        }
    }

    @Override
    public SamplingSchedule schedule(int steps, double shift) {
        return SamplingSchedule.belowOne(steps, shift);
    }

    @Override
    public Trajectory start(SamplingSchedule schedule) {
        return new Run(this, schedule);
    }

    /**
     * Weights of one step from noise level s to t, λ being the log-SNR: h = λt − λs, signed so that it is negative for clean predictions, r_k the
     * places of the earlier outputs in units of h, and ρ the solution of the paper's equation 12.
     */
    private record Step(double h, double phi1, double b, double[] places) {
        static Step of(UniPc settings, SamplingSchedule schedule, int from, int to, int order) {
            double lambda = schedule.logSnr(from);
            double forward = schedule.logSnr(to) - lambda;
            double[] places = new double[order];
            for (int k = 1; k < order; k++) {
                places[k - 1] = (schedule.logSnr(from - k) - lambda) / forward;
            }
            places[order - 1] = 1;
            double h = settings.predictsClean ? -forward : forward;
            double phi1 = Math.expm1(h);
            return new Step(h, phi1, settings.form == Form.BH1 ? h : phi1, places);
        }

        /** Solves {@code Σ_k ρ_k r_k^(i−1) = φ_(i+1)(h) · i! / B(h)} for i = 1 … {@code size} over the first {@code size} places. */
        double[] rho(int size) {
            double[][] powers = new double[size][size];
            double[] right = new double[size];
            double phi = phi1 / h - 1;
            double factorial = 1;
            for (int i = 0; i < size; i++) {
                for (int k = 0; k < size; k++) {
                    powers[i][k] = Math.pow(places[k], i);
                }
                right[i] = phi * factorial / b;
                factorial *= i + 2;
                phi = phi / h - 1 / factorial;
            }
            return LinearSystem.solve(powers, right);
        }
    }

    private static final class Run implements Trajectory {
        private final UniPc settings;
        private final SamplingSchedule schedule;
        private final History outputs;
        private final History samples = new History(1);
        private int index;
        private int lastOrder;

        Run(UniPc settings, SamplingSchedule schedule) {
            this.settings = settings;
            this.schedule = schedule;
            this.outputs = new History(settings.order);
        }

        @Override
        public Tensor step(Tensor sample, Tensor flow) {
            Tensor output = convert(sample, flow);
            Tensor state = index > 0 && !settings.uncorrected.contains(index - 1) ? correct(output) : sample;
            outputs.add(output);
            samples.add(state);
            int remaining = schedule.steps() - index;
            int order = settings.lowersFinalOrder ? Math.min(settings.order, remaining) : settings.order;
            lastOrder = Math.min(order, index + 1);
            Tensor next = predict(state);
            index++;
            return next;
        }

        /**
         * What is solved for: the clean latent {@code x − σ · flow}, or, as the reference has it, {@code x − (1 − σ) · flow} (the noise would be
         * {@code x + (1 − σ) · flow}; no configuration of Wan2.1 uses it).
         */
        private Tensor convert(Tensor sample, Tensor flow) {
            double sigma = schedule.sigmas()[index];
            return settings.predictsClean ? sample.sub(Ops.mul(flow, sigma)) : sample.sub(Ops.mul(flow, 1 - sigma));
        }

        private Tensor predict(Tensor state) {
            Step step = Step.of(settings, schedule, index, index + 1, lastOrder);
            double[] rho =
                    lastOrder == 1 ? new double[0] : lastOrder == 2 ? new double[] {0.5} : step.rho(lastOrder - 1);
            return advance(state, index, index + 1, step, residual(step, rho));
        }

        /** The state of the step before once more, now that the network's output at its end is known. */
        private Tensor correct(Tensor output) {
            Step step = Step.of(settings, schedule, index - 1, index, lastOrder);
            double[] rho = lastOrder == 1 ? new double[] {0.5} : step.rho(lastOrder);
            Tensor atEnd = Ops.mul(output.sub(outputs.get(0)), rho[lastOrder - 1]);
            Tensor earlier = residual(step, rho);
            return advance(samples.get(0), index - 1, index, step, earlier == null ? atEnd : earlier.add(atEnd));
        }

        /** {@code Σ_k ρ_k (m_k − m_0) / r_k} over the earlier outputs; null where there are none. */
        private @Nullable Tensor residual(Step step, double[] rho) {
            Tensor sum = null;
            for (int k = 1; k < lastOrder; k++) {
                Tensor difference = outputs.get(k).sub(outputs.get(0));
                Tensor term = Ops.mul(Ops.div(difference, step.places()[k - 1]), rho[k - 1]);
                sum = sum == null ? term : sum.add(term);
            }
            return sum;
        }

        private Tensor advance(Tensor x, int from, int to, Step step, @Nullable Tensor residual) {
            double keep = settings.predictsClean
                    ? schedule.sigmas()[to] / schedule.sigmas()[from]
                    : schedule.alpha(to) / schedule.alpha(from);
            double weight = settings.predictsClean ? schedule.alpha(to) : schedule.sigmas()[to];
            Tensor next = Ops.mul(x, keep).sub(Ops.mul(outputs.get(0), weight * step.phi1()));
            return residual == null ? next : next.sub(Ops.mul(residual, weight * step.b()));
        }

        @Override
        public void close() {
            outputs.close();
            samples.close();
        }
    }
}
