package io.arvid.quantize.arvid;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.Recording;
import io.arvid.model.LinearSite;
import io.arvid.quantize.QuantContext;
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
    record Borrowed(Recording tape, boolean isKept) implements AutoCloseable {
        @Override
        public void close() {
            if (!isKept) {
                tape.close();
            }
        }
    }

    private final QuantContext context;
    private final ArvidRecipe recipe;
    private final List<Recording> kept = new ArrayList<>();

    FullPrecisionInputs(QuantContext context, ArvidRecipe recipe) {
        this.context = context;
        this.recipe = recipe;
    }

    /** Records all prompts, unless the first shows that they would take too much memory. */
    void record(Collection<LinearSite> sites) {
        for (int prompt = 0; prompt < recipe.calibrationPrompts(); prompt++) {
            Recording tape = tape(prompt, sites);
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

    private Recording tape(int prompt, Collection<LinearSite> sites) {
        return context.rollouts()
                .recordPrompt(
                        "recording inputs, full precision",
                        prompt,
                        new CalibrationRollouts.Wanted(sites::contains, recipe.tokensPerSample(), recipe.seed()),
                        context.model().fullPrecision());
    }

    @Override
    public void close() {
        kept.forEach(Recording::close);
        kept.clear();
    }
}
