package io.arvid.quantize;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.Recording;
import io.arvid.calibrate.Samples;
import io.arvid.model.LinearSite;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.record.Progress;
import io.arvid.tensor.FreedMemory;
import io.arvid.tensor.MappedFiles;
import java.util.SequencedMap;

/**
 * Rounds layer by layer from the inputs that one full-precision roll-out a prompt recorded, each in memory that depends on its width alone; finished layers
 * are kept for a run that is interrupted.
 */
public final class RecordedLayers {
    private RecordedLayers() {}

    /** Rounds one layer. */
    @FunctionalInterface
    public interface Rounding {
        LayerPlan round(LinearSite site, ScaledLayer layer, Samples samples);
    }

    /**
     * Plans of all layers of {@code scaled}, the nearest codes where {@code wanted} leaves one out; the caller owns their tensors.
     *
     * @param stage what progress calls the recording
     * @param prompts calibration prompts
     */
    public static SequencedMap<LinearSite, LayerPlan> round(
            QuantContext context,
            ScaledModel scaled,
            String stage,
            int prompts,
            CalibrationRollouts.Wanted wanted,
            Rounding rounding) {
        context.requirePrompts(prompts);
        try (Recording recording = context.rollouts()
                        .record(stage, prompts, wanted, context.model().fullPrecision(), context.progress());
                LayerWork work = new LayerWork(context.workers());
                Progress.Stage rounded =
                        context.progress().begin("rounding", scaled.layers().size())) {
            context.freeRolloutMemory();
            return work.map(scaled.layers(), (site, layer) -> {
                LayerPlan plan = context.finished()
                        .getOrCompute(
                                site,
                                () -> wanted.sites().test(site)
                                        ? rounding.round(site, layer, recording.samples(site))
                                        : layer.nearest());
                MappedFiles.giveBack(context.model().weight(site));
                FreedMemory.giveBack();
                rounded.step();
                return plan;
            });
        }
    }
}
