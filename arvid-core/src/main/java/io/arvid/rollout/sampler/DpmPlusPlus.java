package io.arvid.rollout.sampler;

import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/**
 * The multistep DPM-Solver++ of order 1 to 3 (arXiv 2211.01095, algorithm 2 and appendix; Wan2.1 FlowDPMSolverMultistepScheduler).
 *
 * @param order 1 to 3
 * @param form how the second order uses the difference of the last two outputs
 * @param lowersFinalOrder true to lower the order in the last steps of runs of fewer than 15 steps
 */
public record DpmPlusPlus(int order, Form form, boolean lowersFinalOrder) implements FlowSolver {
    private static final int FEW_STEPS = 15;

    /** Second-order forms. */
    public enum Form {
        MIDPOINT,
        HEUN
    }

    /** The settings of Wan2.1. */
    public static DpmPlusPlus wan() {
        return new DpmPlusPlus(2, Form.MIDPOINT, true);
    }

    /** Checks the order. */
    public DpmPlusPlus {
        if (order < 1 || order > 3) {
            throw new IllegalArgumentException("DPM-Solver++ of order " + order + "; there are orders 1 to 3");
        }
    }

    @Override
    public SamplingSchedule schedule(int steps, double shift) {
        return SamplingSchedule.fromOne(steps, shift);
    }

    @Override
    public Trajectory start(SamplingSchedule schedule) {
        return new Run(this, schedule);
    }

    private static final class Run implements Trajectory {
        private final DpmPlusPlus settings;
        private final SamplingSchedule schedule;
        private final History outputs;
        private int index;

        Run(DpmPlusPlus settings, SamplingSchedule schedule) {
            this.settings = settings;
            this.schedule = schedule;
            this.outputs = new History(settings.order);
        }

        @Override
        public Tensor step(Tensor sample, Tensor flow) {
            outputs.add(sample.sub(Ops.mul(flow, schedule.sigmas()[index])));
            Tensor next = switch (orderOfStep()) {
                case 1 -> firstOrder(sample);
                case 2 -> secondOrder(sample);
                default -> thirdOrder(sample);
            };
            index++;
            return next;
        }

        /** The last step goes to σ = 0 and is always of first order. */
        private int orderOfStep() {
            int remaining = schedule.steps() - index;
            boolean lowers = settings.lowersFinalOrder && schedule.steps() < FEW_STEPS;
            int most = remaining == 1 ? 1 : remaining == 2 && lowers ? 2 : 3;
            return Math.min(Math.min(most, settings.order), index + 1);
        }

        /** {@code (σt/σs) x − αt (e^−h − 1) D0}, with D0 the clean latent. */
        private Tensor firstOrder(Tensor x) {
            double keep = schedule.sigmas()[index + 1] / schedule.sigmas()[index];
            return Ops.mul(x, keep).sub(Ops.mul(outputs.get(0), alpha() * phi1()));
        }

        private Tensor secondOrder(Tensor x) {
            double r0 = step(1) / step(0);
            Tensor d1 = Ops.mul(outputs.get(0).sub(outputs.get(1)), 1 / r0);
            double weight = settings.form == Form.MIDPOINT ? -0.5 * alpha() * phi1() : alpha() * (phi1() / step(0) + 1);
            return firstOrder(x).add(Ops.mul(d1, weight));
        }

        private Tensor thirdOrder(Tensor x) {
            double h = step(0);
            double r0 = step(1) / h;
            double r1 = step(2) / h;
            Tensor recent = Ops.mul(outputs.get(0).sub(outputs.get(1)), 1 / r0);
            Tensor older = Ops.mul(outputs.get(1).sub(outputs.get(2)), 1 / r1);
            Tensor difference = recent.sub(older);
            Tensor d1 = recent.add(Ops.mul(difference, r0 / (r0 + r1)));
            Tensor d2 = Ops.mul(difference, 1 / (r0 + r1));
            return firstOrder(x)
                    .add(Ops.mul(d1, alpha() * (phi1() / h + 1)))
                    .sub(Ops.mul(d2, alpha() * ((phi1() + h) / (h * h) - 0.5)));
        }

        /** Log-SNR gained by the step {@code back} steps ago; 0 is this one. */
        private double step(int back) {
            return schedule.logSnr(index + 1 - back) - schedule.logSnr(index - back);
        }

        /** e^−h − 1. */
        private double phi1() {
            return Math.expm1(-step(0));
        }

        private double alpha() {
            return schedule.alpha(index + 1);
        }

        @Override
        public void close() {
            outputs.close();
        }
    }
}
