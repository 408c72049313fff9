package io.arvid.quantize;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.SensitivityLog;
import io.arvid.model.CausalVideoModel;
import io.arvid.record.Progress;
import io.arvid.tensor.FreedMemory;
import org.jspecify.annotations.Nullable;

/**
 * What a method works on.
 *
 * @param model the full-precision model; never changed
 * @param rollouts the calibration prompts
 * @param sensitivity chunk sensitivities measured before, or null where a method that needs them is to measure them
 * @param sensitivityLog roll-outs of such a measurement that are finished; others are added
 * @param progress hears how far it has come
 * @param workers layers that may be worked on at once
 * @param finished layers of an interrupted run
 */
public record QuantContext(
        CausalVideoModel model,
        CalibrationRollouts rollouts,
        @Nullable FrameWeights sensitivity,
        SensitivityLog sensitivityLog,
        Progress progress,
        int workers,
        FinishedLayers finished) {
    /** Nothing is left of an earlier run. */
    public QuantContext(
            CausalVideoModel model,
            CalibrationRollouts rollouts,
            @Nullable FrameWeights sensitivity,
            Progress progress,
            int workers) {
        this(model, rollouts, sensitivity, SensitivityLog.inMemory(), progress, workers, FinishedLayers.NONE);
    }

    /** A context without known sensitivities that reports to nobody and works on one layer at a time. */
    public static QuantContext of(CausalVideoModel model, CalibrationRollouts rollouts) {
        return new QuantContext(model, rollouts, null, Progress.SILENT, 1);
    }

    /** The same with sensitivities that were measured. */
    public QuantContext withSensitivity(FrameWeights measured) {
        return new QuantContext(model, rollouts, measured, sensitivityLog, progress, workers, finished);
    }

    /** The same with {@code log} of a measurement that may have been interrupted. */
    public QuantContext withSensitivityLog(SensitivityLog log) {
        return new QuantContext(model, rollouts, sensitivity, log, progress, workers, finished);
    }

    /** Hands back, between roll-outs and work on layers, the memory that roll-outs took and nothing uses any more. */
    public void freeRolloutMemory() {
        model.release();
        System.gc();
        FreedMemory.giveBack();
    }

    /** The same weight for every chunk. */
    public FrameWeights uniformWeights() {
        return FrameWeights.uniform(rollouts.chunkCount());
    }

    /** Checks that enough prompts are at hand. */
    public void requirePrompts(int count) {
        if (rollouts.promptCount() < count) {
            throw new IllegalArgumentException(
                    "the recipe wants " + count + " calibration prompts; there are " + rollouts.promptCount());
        }
    }
}
