package io.arvid.report.figure;

import io.arvid.record.Estimate;
import io.arvid.record.Sensitivity;

/** Share of the final error by chunk (Q-ARVD, Figure 2): a bar a chunk with its confidence interval and its number. */
public final class ShareBars {
    private static final int HEIGHT = 190;

    private ShareBars() {}

    /** Draws one setting's sensitivity; the part that is due to the text path is set apart in the first bar. */
    public static Markup draw(Sensitivity sensitivity) {
        int chunks = sensitivity.share().size();
        Plot plot = new Plot(
                "Share of the final error by chunk at " + MethodLook.setting(sensitivity.setting()), HEIGHT, 40, 4, 36);
        Scale y = Scale.fromZero(sensitivity.share().stream().mapToDouble(Estimate::high), plot.bottom, plot.top + 12);
        plot.valueAxis(y, 4, Numbers::percent);
        double slot = (plot.right - plot.left) / chunks;
        double width = Math.min(0.72 * slot, 44);
        for (int k = 0; k < chunks; k++) {
            Estimate share = sensitivity.share().get(k);
            double middle = plot.left + (k + 0.5) * slot;
            double top = y.of(share.mean());
            plot.draw(Plot.box("bar", middle - width / 2, top, width, plot.bottom - top)
                    .hint("chunk " + (k + 1) + ": " + Numbers.percent(share.mean()) + " ["
                            + Numbers.percent(share.low()) + ", " + Numbers.percent(share.high()) + "]"));
            if (k == 0 && sensitivity.textShare() > 0) {
                drawTextShare(plot, sensitivity, y, middle, width);
            }
            plot.draw(Plot.line("whisker ink", middle, y.of(share.low()), middle, y.of(share.high())));
            plot.write("value", middle, y.of(share.high()) - 5, "middle", Numbers.percent(share.mean()));
            plot.write("tick", middle, plot.bottom + 16, "middle", String.valueOf(k + 1));
        }
        plot.caption("quantized chunk");
        return plot.svg();
    }

    /** The label stands above the second bar's number. */
    private static void drawTextShare(Plot plot, Sensitivity sensitivity, Scale y, double middle, double width) {
        double top = y.of(sensitivity.textShare());
        double next =
                sensitivity.share().size() > 1 ? y.of(sensitivity.share().get(1).high()) - 26 : top;
        double label = Math.min(top, next);
        plot.draw(Plot.box("bar light", middle - width / 2, top, width, plot.bottom - top)
                .hint("text path alone: " + Numbers.percent(sensitivity.textShare())));
        plot.draw(Plot.line("leader", middle + width / 2, top, middle + width / 2 + 12, label));
        plot.write(
                "label",
                middle + width / 2 + 15,
                label + 4,
                "start",
                "text path alone " + Numbers.percent(sensitivity.textShare()));
    }
}
