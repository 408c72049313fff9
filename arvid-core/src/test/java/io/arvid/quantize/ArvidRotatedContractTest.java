package io.arvid.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.quantize.arvid.ArvidMethod;
import io.arvid.quantize.arvid.ArvidRecipe;
import io.arvid.quantize.fit.LayerRotation;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.gram.GramSolver;
import io.arvid.quantize.qarvd.OutlierDetection;
import io.arvid.quantize.qarvd.Weighting;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import java.util.List;
import org.junit.jupiter.api.Test;

/** arvid at four bits: rotated layers, whose weights do not make up for their inputs. */
class ArvidRotatedContractTest extends QuantMethodContract<ArvidRecipe> {
    @Override
    QuantMethod<ArvidRecipe> method() {
        return new ArvidMethod();
    }

    @Override
    ArvidRecipe recipe() {
        return new ArvidRecipe(
                Scheme.dynamicPerToken(4, IntGrid.asymmetric(4)),
                0,
                RangeRule.PERCENTILE,
                false,
                OutlierDetection.paper(),
                new LayerRotation(Correction.Rotation.Kind.SYLVESTER, 16),
                Weighting.UNIFORM,
                1,
                ArvidRecipe.Seen.QUANTIZED_LOCAL,
                1,
                2,
                2,
                2,
                0,
                List.of(1.0),
                new GramSolver(List.of(0.03, 0.3), List.of(0.0), List.of(1.0), 2, 2, true, true, null),
                null,
                null,
                null);
    }

    @Test
    void everyLayerIsRotatedAndNoneIsSplit() {
        try (TinyModel tiny = new TinyModel(7);
                QuantPlan plan = method().plan(QuantContext.of(tiny.model(), tiny.rollouts(2)), recipe())) {
            plan.layers().forEach((site, layer) -> {
                assertThat(layer.correction(Correction.Rotation.class))
                        .as(site.name())
                        .isPresent();
                assertThat(layer.correction(Correction.DualScale.class)).isEmpty();
            });
        }
    }

    @Test
    void aRotationLeavesNoOutliersToSplitOff() {
        assertThatThrownBy(() -> RecipeFile.parse("{\"method\": \"arvid\", \"dualScale\": true,"
                        + " \"rotation\": {\"family\": \"sylvester\", \"largestBlock\": 64}}"))
                .hasMessageContaining("set \"dualScale\": false");
    }
}
