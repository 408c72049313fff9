package io.arvid.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.Recording;
import io.arvid.calibrate.SensitivityLog;
import io.arvid.model.SiteForward;
import io.arvid.pack.LayerFiles;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.LowRankBranch;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.quantize.svdquant.SvdQuant;
import io.arvid.quantize.svdquant.SvdQuantRecipe;
import io.arvid.record.Progress;
import io.arvid.tensor.Tensors;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SvdQuantContractTest extends QuantMethodContract<SvdQuantRecipe> {
    @Override
    QuantMethod<SvdQuantRecipe> method() {
        return new SvdQuant();
    }

    @Override
    SvdQuantRecipe recipe() {
        return new SvdQuantRecipe(
                Scheme.staticPerTensor(4, 8),
                0,
                RangeRule.PERCENTILE,
                true,
                2,
                new LowRankBranch(4, 2, true),
                new Gptq(0.01, true, 128),
                false,
                1,
                0);
    }

    @Test
    void branchesOfAnInterruptedRunAreNotSoughtAgain(@TempDir Path folder) {
        try (TinyModel tiny = new TinyModel(7);
                QuantPlan whole = method().plan(keeping(tiny, tiny.rollouts(1), folder), recipe());
                QuantPlan resumed = method().plan(keeping(tiny, unrecorded(tiny.rollouts(1)), folder), recipe())) {
            whole.layers().forEach((site, layer) -> {
                LayerPlan other = resumed.layers().get(site);
                assertThat(Tensors.toBytes(other.codes())).as(site.name()).isEqualTo(Tensors.toBytes(layer.codes()));
                assertThat(Tensors.toBytes(other.scales())).as(site.name()).isEqualTo(Tensors.toBytes(layer.scales()));
            });
        }
    }

    /** What is finished is kept in {@code folder}. */
    private static QuantContext keeping(TinyModel tiny, CalibrationRollouts rollouts, Path folder) {
        return new QuantContext(
                tiny.model(),
                rollouts,
                null,
                SensitivityLog.inMemory(),
                Progress.SILENT,
                1,
                new LayerFiles(folder.resolve("layers")));
    }

    /** {@code rollouts} with recordings that have no samples. */
    private static CalibrationRollouts unrecorded(CalibrationRollouts rollouts) {
        return new ForwardedRollouts(rollouts) {
            @Override
            public Recording record(String name, int prompts, Wanted wanted, SiteForward sites, Progress progress) {
                return new ActivationTape(wanted);
            }
        };
    }
}
