package io.arvid.quantize.qat;

import io.arvid.model.LinearSite;
import io.arvid.model.wan.WanTransformer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/** A sample of each layer's inputs in full precision, recorded when the first is asked for; each can be asked for once. */
final class SampledInputs implements Function<LinearSite, Tensor> {
    private static final int VALUES_PER_STEP = 1 << 14;
    private static final int STEPS = 4;

    private final WanTransformer teacher;
    private final QatRecipe recipe;
    private final QatBatches batches;
    private final Map<LinearSite, List<Tensor>> samples = new HashMap<>();

    /** Of the layers that {@code recipe} quantizes, on batches of steps before the first. */
    SampledInputs(WanTransformer teacher, QatRecipe recipe, QatBatches batches) {
        this.teacher = teacher;
        this.recipe = recipe;
        this.batches = batches;
    }

    @Override
    public Tensor apply(LinearSite site) {
        if (samples.isEmpty()) {
            record();
        }
        List<Tensor> pieces = samples.get(site);
        Tensor joined = Ops.cat(0, pieces);
        pieces.forEach(Tensor::close);
        return joined;
    }

    private void record() {
        for (int step = 1; step <= STEPS; step++) {
            long before = -step;
            TensorScope.runAndFree(() -> batches.flow(teacher, batches.fromData(before), (site, pass, input) -> {
                if (recipe.scheme().covers(site)) {
                    long stride = Math.max(1, input.numel() / VALUES_PER_STEP);
                    samples.computeIfAbsent(site, key -> new ArrayList<>())
                            .add(TensorScope.own(Ops.copy(Ops.everyNth(input.flatten(), 0, 0, stride | 1))));
                }
                return teacher.fullPrecision().apply(site, pass, input);
            }));
        }
    }
}
