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
import java.util.function.Function;
import java.util.stream.Stream;

/** The head of the page: what was done to which model, and the few numbers that matter most. */
final class Masthead {
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
        if (found.comparisons().isEmpty()) {
            return "What the run found, what it cost, and where every number comes from.";
        }
        List<String> methods = named(found, Comparison::method)
                .map(id -> MethodLook.of(id).label())
                .toList();
        List<String> settings =
                named(found, Comparison::setting).map(MethodLook::setting).toList();
        String prompts = QualitySection.prompts(found.comparisons());
        boolean hasReference = found.comparisons().stream().allMatch(QualitySection::hasReference);
        return (methods.isEmpty() ? "Videos" : Sections.enumeration(methods))
                + Sections.at(Sections.enumeration(settings))
                + (hasReference
                        ? ", each against the full-precision model on the same " + prompts
                                + " prompts and the same noise."
                        : ", scored on " + prompts + " prompts.");
    }

    /** What comparisons are called, without those of unknown origin. */
    private static Stream<String> named(Findings found, Function<Comparison, String> name) {
        return found.comparisons().stream()
                .map(name)
                .filter(text -> !text.isEmpty())
                .distinct();
    }

    /** Only a page about one method has headlines; many methods have tables. */
    private static List<Markup> tiles(Findings found) {
        List<Markup> tiles = new ArrayList<>();
        for (PairedDifference pair : QualitySection.duel(found)) {
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
        smallest(found)
                .ifPresent(size -> tiles.add(tile(
                        MethodLook.of(size.method()).style(),
                        Numbers.significant(size.bitsPerParameter(), 2) + " bits",
                        MethodLook.setting(size.setting()),
                        "per parameter with all scales, " + Numbers.bytes(size.bytes()) + " in all")));
        return tiles;
    }

    /** The smallest file of the method that the page is about; empty where it is about several. */
    private static Optional<ModelSize> smallest(Findings found) {
        List<String> methods = (found.differences().isEmpty()
                        ? found.sizes().stream().map(ModelSize::method)
                        : QualitySection.duel(found).stream().map(PairedDifference::method))
                .filter(method -> !method.equals(MethodLook.FULL_PRECISION))
                .distinct()
                .toList();
        return found.sizes().stream()
                .filter(size -> methods.equals(List.of(size.method())))
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
