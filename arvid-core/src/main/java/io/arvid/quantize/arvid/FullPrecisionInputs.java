package io.arvid.quantize.arvid;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.InputTap;
import io.arvid.model.LinearSite;
import io.arvid.quantize.QuantContext;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * What the layers see in full precision, prompt by prompt. It does not change while layers are rounded, so it is recorded once for all blocks where that
 * fits in memory, and block by block where it does not.
 */
final class FullPrecisionInputs implements AutoCloseable {
    private static final long MOST_BYTES = 1L << 30;

    /** A tape that is closed after use, unless it is kept. */
    record Borrowed(ActivationTape tape, boolean isKept) implements AutoCloseable {
        @Override
        public void close() {
            if (!isKept) {
                tape.close();
            }
        }
    }

    private final QuantContext context;
    private final ArvidRecipe recipe;
    private final List<ActivationTape> kept = new ArrayList<>();

    FullPrecisionInputs(QuantContext context, ArvidRecipe recipe) {
        this.context = context;
        this.recipe = recipe;
    }

    /** Records all prompts, unless the first shows that they would take too much memory. */
    void record(Collection<LinearSite> sites) {
        for (int prompt = 0; prompt < recipe.calibrationPrompts(); prompt++) {
            ActivationTape tape = tape(prompt, sites);
            if (tape.bytes() * recipe.calibrationPrompts() > MOST_BYTES) {
                tape.close();
                return;
            }
            kept.add(tape);
        }
    }

    /** The inputs of {@code sites} in {@code prompt}. */
    Borrowed of(int prompt, Collection<LinearSite> sites) {
        return kept.isEmpty() ? new Borrowed(tape(prompt, sites), false) : new Borrowed(kept.get(prompt), true);
    }

    private ActivationTape tape(int prompt, Collection<LinearSite> sites) {
        ActivationTape tape = new ActivationTape(sites::contains, recipe.tokensPerSample(), recipe.seed());
        TensorScope.runAndFree(() ->
                context.rollouts().latents(prompt, new InputTap(context.model().fullPrecision(), tape)));
        return tape;
    }

    @Override
    public void close() {
        kept.forEach(ActivationTape::close);
        kept.clear();
    }
}
