package io.arvid.calibrate;

import io.arvid.model.AttentionShape;
import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SelfAttention;
import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.record.Progress;
import io.arvid.tensor.TensorScope;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A model whose passes are kept on disk: a pass that an earlier process finished is read, not computed. Together with keys and values in mapped files
 * ({@link io.arvid.rollout.MappedKvStore}) a killed roll-out goes on with the pass that it was in, and its result has the same bytes.
 *
 * <p>Holds for caches that keep every frame: a pass that is skipped does not move what a full cache would evict.
 */
final class ResumableModel implements CausalVideoModel {
    private final CausalVideoModel model;
    private final PassFiles passes;
    private final CalibrationRollouts.@Nullable Wanted wanted;
    private final Progress.Stage stage;
    private @Nullable RolloutStep firstSkipped;

    /**
     * Passes of {@code model}, kept in {@code passes}.
     *
     * @param wanted what is recorded of the layers' inputs, or null
     * @param stage hears of each pass
     */
    ResumableModel(
            CausalVideoModel model,
            PassFiles passes,
            CalibrationRollouts.@Nullable Wanted wanted,
            Progress.Stage stage) {
        this.model = model;
        this.passes = passes;
        this.wanted = wanted;
        this.stage = stage;
    }

    @Override
    public Tensor forward(
            Tensor latents,
            Tensor timesteps,
            TextContext text,
            RolloutStep step,
            SiteForward sites,
            SelfAttention attention) {
        if (passes.has(step)) {
            stage.resume(1);
            return skip(step);
        }
        Tensor flow = compute(latents, timesteps, text, step, sites, attention);
        stage.step();
        return flow;
    }

    private Tensor skip(RolloutStep step) {
        firstSkipped = firstSkipped == null ? step : firstSkipped;
        return passes.flow(step);
    }

    private Tensor compute(
            Tensor latents,
            Tensor timesteps,
            TextContext text,
            RolloutStep step,
            SiteForward sites,
            SelfAttention attention) {
        RolloutStep skipped = firstSkipped;
        if (skipped != null) {
            model.prepareText(text, skipped, sites); // What only the first pass of a video computes.
        }
        CalibrationRollouts.Wanted inputs = wanted;
        if (inputs == null) {
            Tensor flow = model.forward(latents, timesteps, text, step, sites, attention);
            passes.write(step, flow, Map.of(), Map.of());
            return flow;
        }
        try (PassFiles.Pass pass = new PassFiles.Pass(inputs)) {
            Tensor flow = TensorScope.run(
                    () -> model.forward(latents, timesteps, text, step, new InputTap(sites, pass), attention));
            passes.write(step, flow, pass.recorded(), pass.counts());
            return flow;
        }
    }

    @Override
    public void prepareText(TextContext text, RolloutStep step, SiteForward sites) {
        model.prepareText(text, step, sites);
    }

    @Override
    public AttentionShape attentionShape(long height, long width) {
        return model.attentionShape(height, width);
    }

    @Override
    public List<LinearSite> sites() {
        return model.sites();
    }

    @Override
    public SiteForward fullPrecision() {
        return model.fullPrecision();
    }

    @Override
    public void release() {
        model.release();
    }

    @Override
    public Tensor weight(LinearSite site) {
        return model.weight(site);
    }

    @Override
    public Tensor bias(LinearSite site) {
        return model.bias(site);
    }
}
