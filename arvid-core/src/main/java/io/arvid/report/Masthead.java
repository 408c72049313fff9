package io.arvid.report;

import io.arvid.record.Comparison;
import io.arvid.record.Findings;
import io.arvid.record.ModelSize;
import io.arvid.record.PairedDifference;
import io.arvid.record.RunRecord;
import io.arvid.report.figure.Markup;
import io.arvid.report.figure.MethodLook;
import io.arvid.report.figure.Numbers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The head of the page: what was done to which model, and the few numbers that matter most. */
final class Masthead {
    private static final String HEADLINE_METRIC = "latent-mse";

    private Masthead() {}

    static String title(List<RunFolder> runs) {
        List<String> models = runs.stream()
                .map(run -> run.record().model())
                .filter(model -> model != null && !model.isEmpty())
                .distinct()
                .toList();
        return models.isEmpty() ? "arvid" : Sections.enumeration(models) + ", quantized";
    }

    static Markup draw(String title, List<RunFolder> runs, Findings found) {
        RunRecord first = runs.getFirst().record();
        Markup header = Markup.of("header")
                .add(Markup.text(
                        "p",
                        "kicker",
                        "arvid · " + day(first.began()) + " · " + first.source().brief()))
                .add(Markup.of("h1").say(title))
                .add(Markup.text("p", "lead", lead(found)));
        List<Markup> tiles = tiles(found);
        return tiles.isEmpty() ? header : header.add(Markup.of("div", "tiles").addAll(tiles));
    }

    private static String lead(Findings found) {
        List<String> methods = found.comparisons().stream()
                .map(Comparison::method)
                .distinct()
                .map(id -> MethodLook.of(id).label())
                .toList();
        if (methods.isEmpty()) {
            return "What the run found, what it cost, and where every number comes from.";
        }
        List<String> settings = found.comparisons().stream()
                .map(Comparison::setting)
                .distinct()
                .map(MethodLook::setting)
                .toList();
        int prompts =
                found.comparisons().stream().mapToInt(Comparison::prompts).max().orElseThrow();
        return Sections.enumeration(methods) + " at " + Sections.enumeration(settings)
                + ", each against the full-precision model on the same " + prompts
                + " prompts and the same noise.";
    }

    private static List<Markup> tiles(Findings found) {
        List<Markup> tiles = new ArrayList<>();
        for (PairedDifference pair : found.differences()) {
            if (pair.metric().equals(HEADLINE_METRIC)) {
                tiles.add(tile(
                        MethodLook.of(pair.method()).style(),
                        Numbers.significant(pair.ratio().mean(), 2) + "×",
                        MethodLook.setting(pair.setting()),
                        MethodLook.of(pair.method()).label() + "’s latent error over "
                                + MethodLook.of(pair.rival()).label() + "’s, ["
                                + Numbers.significant(pair.ratio().low(), 2) + ", "
                                + Numbers.significant(pair.ratio().high(), 2) + "] at "
                                + Numbers.percent(pair.confidence())));
            }
        }
        smallest(found)
                .ifPresent(size -> tiles.add(tile(
                        MethodLook.of(size.method()).style(),
                        Numbers.significant(size.bitsPerParameter(), 2) + " bits",
                        MethodLook.setting(size.setting()),
                        "per parameter with all scales, " + Numbers.bytes(size.bytes()) + " in all")));
        return tiles;
    }

    /** The smallest file of the method that the page is about. */
    private static Optional<ModelSize> smallest(Findings found) {
        Optional<String> method =
                found.differences().stream().map(PairedDifference::method).findFirst();
        return found.sizes().stream()
                .filter(size -> method.isEmpty() || size.method().equals(method.get()))
                .min(Comparator.comparingLong(ModelSize::bytes));
    }

    private static Markup tile(String style, String figure, String setting, String meaning) {
        return Markup.of("div", "tile")
                .add(Markup.text("p", "setting", setting))
                .add(Markup.text("p", "figure " + style, figure))
                .add(Markup.text("p", "meaning", meaning));
    }

    /** The date of an instant in ISO form. */
    private static String day(String instant) {
        return instant != null && instant.length() >= 10 ? instant.substring(0, 10) : "no date";
    }
}
