package io.arvid.rollout.sampler;

import org.bytedeco.pytorch.Tensor;

/** A solver of the probability-flow ODE of a flow model, as settings; {@link #start} begins a run of it. */
public sealed interface FlowSolver permits UniPc, DpmPlusPlus {
    /** Noise levels of {@code steps} steps. */
    SamplingSchedule schedule(int steps, double shift);

    /** A run along {@code schedule}. */
    Trajectory start(SamplingSchedule schedule);

    /** The solver called {@code name}: {@code unipc} or {@code dpm++}, with the settings of Wan2.1. */
    static FlowSolver named(String name) {
        return switch (name) {
            case "unipc" -> UniPc.wan();
            case "dpm++" -> DpmPlusPlus.wan();
            default -> throw new IllegalArgumentException("no solver '" + name + "'; there are unipc and dpm++");
        };
    }

    /** A run: keeps the outputs of earlier steps that a multistep method needs. */
    interface Trajectory extends AutoCloseable {
        /**
         * The next state.
         *
         * @param sample state of this step, float32
         * @param flow what the network predicts for it: noise − clean, float32
         */
        Tensor step(Tensor sample, Tensor flow);

        @Override
        void close();
    }
}
