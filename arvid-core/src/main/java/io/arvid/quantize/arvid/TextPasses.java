package io.arvid.quantize.arvid;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.InputTap;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.quantize.QuantContext;
import io.arvid.tensor.TensorScope;
import java.util.function.Predicate;

/** What layers that see only the prompt are calibrated on: their part of a model's first pass, so that many prompts cost no roll-out. */
record TextPasses(QuantContext context, ArvidRecipe recipe) {
    private static final RolloutStep FIRST = RolloutStep.wholeClip(1, 1000);

    /** The inputs of {@code wanted}, a sample a prompt. */
    ActivationTape record(Predicate<LinearSite> wanted, SiteForward sites) {
        ActivationTape tape = new ActivationTape(new CalibrationRollouts.Wanted(wanted, 0, recipe.seed()));
        for (int prompt = 0; prompt < recipe.textPrompts(); prompt++) {
            pass(prompt, new InputTap(sites, tape));
        }
        return tape;
    }

    private void pass(int prompt, SiteForward sites) {
        TensorScope.runAndFree(() -> {
            try (TextContext text = new TextContext(context.rollouts().textStates(prompt))) {
                context.model().prepareText(text, FIRST, sites);
            }
        });
    }
}
