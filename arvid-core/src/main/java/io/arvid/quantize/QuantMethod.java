package io.arvid.quantize;

import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.util.Optional;

/**
 * A way of choosing integers: one recipe record and one class a paper.
 *
 * @param <R> the method's recipe
 */
public interface QuantMethod<R extends Recipe> {
    /** The same in CLI, recipe file and report: {@code q-arvd}. */
    String id();

    /** A recipe with every key at its default; a recipe file may leave these keys out. */
    R defaults();

    /** What {@link #plan} will use. */
    Needs needs(R recipe);

    /** Why nothing that {@code recipe} gives can be made and packed by {@code arvid quantize}; empty where it can. */
    default Optional<String> refusal(R recipe) {
        return Optional.empty();
    }

    /** Chooses the integers. Never edits the model; the same context and recipe give the same plan. The caller closes the plan. */
    default QuantPlan plan(QuantContext context, R recipe) {
        return Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                return choose(context, recipe);
            }
        });
    }

    /** The paper's steps, for {@link #plan}: without gradients, in a scope that frees everything but the plan. */
    QuantPlan choose(QuantContext context, R recipe);
}
