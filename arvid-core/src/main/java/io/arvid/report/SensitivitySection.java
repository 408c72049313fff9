package io.arvid.report;

import io.arvid.record.Findings;
import io.arvid.record.Sensitivity;
import io.arvid.report.figure.Markup;
import io.arvid.report.figure.MethodLook;
import io.arvid.report.figure.Numbers;
import io.arvid.report.figure.ShareBars;
import java.util.List;
import java.util.Optional;

/** Sensitivity of the final video to quantizing one chunk (Q-ARVD, Figure 2). */
final class SensitivitySection {
    private static final double FALLING = -0.9;

    private SensitivitySection() {}

    static Optional<Markup> draw(Findings found) {
        List<Sensitivity> sensitivities = found.sensitivities();
        if (sensitivities.isEmpty()) {
            return Optional.empty();
        }
        boolean falls = sensitivities.stream().allMatch(one -> one.spearman() <= FALLING);
        List<Markup> panels = sensitivities.stream()
                .map(one -> Sections.panel(
                        "Share of the final error, " + MethodLook.setting(one.setting()),
                        "Spearman " + Numbers.fixed(one.spearman(), 2) + ", " + one.prompts() + " prompts",
                        ShareBars.draw(one)))
                .toList();
        return Optional.of(Sections.section(
                        "sensitivity",
                        falls ? "Errors in early chunks weigh most" : "Sensitivity by chunk",
                        "Only one chunk is quantized while it is generated, its cache included; the rest of the video"
                                + " is full precision. Shares of the error of the whole video add up to one.")
                .add(Sections.grid(panels)));
    }
}
