package io.arvid.quantize;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.Extremes;
import io.arvid.calibrate.InputGroup;
import io.arvid.calibrate.Recording;
import io.arvid.model.LinearSite;
import io.arvid.quantize.fit.SmoothingScales;
import io.arvid.tensor.TensorScope;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.Tensor;

/**
 * Channels of inputs weighed against the weight columns that read them, from the ranges that one full-precision roll-out a prompt recorded. Layers that
 * share an input are taken as one.
 */
public final class BalancedInputs {
    private BalancedInputs() {}

    /**
     * What {@code balance} finds for each layer that {@code names} names and the recipe quantizes; without such layers nothing is rolled out.
     *
     * @param stage what progress calls the recording
     * @param balance of the ranges of an input and the largest magnitude of each weight column, float32 {@code [in]}
     */
    public static <T> Map<LinearSite, T> find(
            QuantContext context,
            CalibratedRecipe recipe,
            String stage,
            List<String> names,
            BiFunction<Extremes, Tensor, T> balance) {
        List<LinearSite> sites = recipe.scheme().sites(context.model(), names);
        if (sites.isEmpty()) {
            return Map.of();
        }
        context.requirePrompts(recipe.calibrationPrompts());
        Map<LinearSite, T> found = new HashMap<>();
        try (Recording recording = context.rollouts()
                .record(
                        stage,
                        recipe.calibrationPrompts(),
                        CalibrationRollouts.Wanted.extremes(sites::contains),
                        context.model().fullPrecision(),
                        context.progress())) {
            for (InputGroup group : InputGroup.of(sites)) {
                Tensor columns =
                        TensorScope.run(() -> SmoothingScales.columnMagnitudes(List.of(group.weight(context.model()))));
                T balanced = balance.apply(recording.extremes(group.first()), columns);
                group.sites().forEach(site -> found.put(site, balanced));
            }
        }
        return found;
    }
}
