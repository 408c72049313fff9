package io.arvid.quantize.arvid;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.model.SiteRole;
import io.arvid.model.TextContext;
import io.arvid.quantize.CachedRollouts;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.TinyModel;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.fit.PercentileWeightFit;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class TextReconstructionTest {
    private static final int TEXT_PROMPTS = 32;
    private static final int OTHERS = 8;

    @Test
    void valuesOfOtherPromptsAreNearerToFullPrecisionThanRoundedOnes() {
        ArvidRecipe recipe =
                (ArvidRecipe) RecipeFile.parse("{\"method\": \"arvid\", \"textPrompts\": " + TEXT_PROMPTS + "}")
                        .recipe();
        Torch.withoutGradients(() -> {
            try (TinyModel tiny = new TinyModel(7);
                    CachedRollouts cached = new CachedRollouts(tiny.model(), TEXT_PROMPTS + OTHERS, 3);
                    TensorScope scope = TensorScope.open()) {
                QuantContext context = QuantContext.of(tiny.model(), cached.rollouts());
                ScaledModel scaled = ScaledModel.of(tiny.model(), recipe.scheme(), new PercentileWeightFit());
                ScaledModel ranged = recipe.inputCalibration().calibrate(context, scaled);
                var solved = new TextReconstruction(context, recipe).reconstruct(ranged);

                assertThat(solved.keySet())
                        .allMatch(site -> site.role().isTextPath())
                        .hasSize(6);
                try (QuantPlan rounded = ranged.nearest("nearest", new KvPlan.Full());
                        QuantPlan plan = new QuantPlan("solved", solved, new KvPlan.Full());
                        FakeQuantForward nearest = new FakeQuantForward(tiny.model(), rounded);
                        FakeQuantForward reconstructed = new FakeQuantForward(tiny.model(), plan)) {
                    assertThat(error(tiny, cached.rollouts(), reconstructed))
                            .isLessThan(0.5 * error(tiny, cached.rollouts(), nearest));
                }
            }
            return 0;
        });
    }

    /** Mean square of what {@code sites} change in the values of cross-attention, for prompts that nothing was rounded on. */
    private static double error(TinyModel tiny, CalibrationRollouts prompts, SiteForward sites) {
        double sum = 0;
        for (int prompt = TEXT_PROMPTS; prompt < TEXT_PROMPTS + OTHERS; prompt++) {
            Tensor difference = values(tiny, prompts, prompt, sites)
                    .sub(values(tiny, prompts, prompt, tiny.model().fullPrecision()));
            sum += Tensors.item(difference.mul(difference).sum());
        }
        return sum;
    }

    private static Tensor values(TinyModel tiny, CalibrationRollouts prompts, int prompt, SiteForward sites) {
        List<Tensor> values = new ArrayList<>();
        SiteForward watched = (LinearSite site, RolloutStep step, Tensor input) -> {
            Tensor output = sites.apply(site, step, input);
            if (site.role() == SiteRole.CROSS_V) {
                values.add(TensorScope.own(Ops.copy(output)));
            }
            return output;
        };
        try (TextContext text = new TextContext(prompts.textStates(prompt))) {
            tiny.model().prepareText(text, RolloutStep.wholeClip(1, 1000), watched);
        }
        return Ops.cat(0, values);
    }
}
