package io.arvid.quantize;

import io.arvid.quantize.scheme.QuantPlan;

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

    /** Chooses the integers. Never edits the model; the same context and recipe give the same plan. The caller closes the plan. */
    QuantPlan plan(QuantContext context, R recipe);
}
