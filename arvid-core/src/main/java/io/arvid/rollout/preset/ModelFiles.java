package io.arvid.rollout.preset;

import io.arvid.model.wan.Checkpoints;
import io.arvid.model.wan.ModelCard;
import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.Vocabulary;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.FilesBelow;
import io.arvid.weights.MissingFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of a model wherever they lie: checkpoints recognised by what they hold, and the tokenizer.
 *
 * @param places folders and files that were searched
 * @param cards what was found
 * @param unreadable what is wrong with files that look like checkpoints, a line each
 */
public record ModelFiles(List<Path> places, List<ModelCard> cards, List<String> unreadable) {
    private static final List<String> TOKENIZERS = List.of("tokenizer.json", "spiece.model");

    /** Looks through {@code places}: folders with what is below them, single checkpoints, or a {@code tokenizer.json} or {@code spiece.model}. */
    public static ModelFiles open(List<Path> places) {
        List<ModelCard> cards = new ArrayList<>();
        List<String> unreadable = new ArrayList<>();
        for (Path place : places) {
            if (Files.isDirectory(place)) {
                cards.addAll(Checkpoints.inspectFolder(place, defect -> unreadable.add(defect.getMessage())));
            } else if (TOKENIZERS.stream().noneMatch(place::endsWith)) {
                cards.addAll(Checkpoints.inspect(place));
            }
        }
        return new ModelFiles(List.copyOf(places), List.copyOf(cards), List.copyOf(unreadable));
    }

    /** The same with a transformer that is not a checkpoint by itself, such as a packed one. */
    public ModelFiles with(Path place, ModelCard card) {
        return new ModelFiles(
                Stream.concat(Stream.of(place), places.stream()).toList(),
                Stream.concat(Stream.of(card), cards.stream()).toList(),
                unreadable);
    }

    /**
     * The transformer that {@code preset} runs: of the first place that has one; in the preset's own file, where it is there. A file that does not show how it
     * was trained is taken where no other fits, or where it is the first place itself.
     *
     * @throws MissingFileException naming what was found where none fits
     * @throws CheckpointException where several fit
     */
    public ModelCard transformer(Preset preset) {
        ModelCard card = null;
        if (!places.isEmpty() && !Files.isDirectory(places.getFirst())) {
            card = transformer(preset, places.getFirst(), preset::mayFit);
        }
        for (Predicate<ModelCard> fits : List.<Predicate<ModelCard>>of(preset::fits, preset::mayFit)) {
            for (Path place : places) {
                card = card == null ? transformer(preset, place, fits) : card;
            }
        }
        if (card == null) {
            throw new MissingFileException(
                    searched() + ": no transformer for the preset '" + preset.id() + "', which needs a "
                            + (preset.isCausal() ? "causal" : "bidirectional") + " " + preset.model() + "; " + found());
        }
        return card;
    }

    private @Nullable ModelCard transformer(Preset preset, Path place, Predicate<ModelCard> fits) {
        List<ModelCard> fitting = preset.own(cards.stream()
                .filter(card -> card.file().startsWith(place) && fits.test(card))
                .toList());
        List<Path> files = fitting.stream().map(ModelCard::file).distinct().toList();
        if (files.size() > 1) {
            throw new CheckpointException(
                    place,
                    files.size() + " files fit the preset '" + preset.id() + "': "
                            + files.stream().map(Path::toString).collect(Collectors.joining(", "))
                            + "; name one with --model, and the folder with --files");
        }
        return preset.preferred(fitting);
    }

    /**
     * The first complete checkpoint of {@code network} in its published sizes, the only ones that text encoder and autoencoders are run in.
     *
     * @throws MissingFileException naming what was found where there is none
     */
    public ModelCard network(ModelCard.Network network) {
        return cards.stream()
                .filter(card -> isPublished(card, network))
                .findFirst()
                .orElseThrow(() -> new MissingFileException(searched() + ": no complete "
                        + network.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ') + "; " + found()));
    }

    /** True where {@link #network} finds one. */
    public boolean has(ModelCard.Network network) {
        return cards.stream().anyMatch(card -> isPublished(card, network));
    }

    private static boolean isPublished(ModelCard card, ModelCard.Network network) {
        return card.network() == network && card.isComplete() && !card.model().isEmpty();
    }

    /**
     * The {@code tokenizer.json} of the text encoder, or its {@code spiece.model}, of the first place that has one; those of other models are passed over.
     *
     * @throws MissingFileException naming what was found where there is none
     * @throws CheckpointException where several fit that are not the same
     */
    public Path tokenizer() {
        Set<String> others = new LinkedHashSet<>();
        for (Path place : places) {
            List<Path> found = Files.isDirectory(place) ? FilesBelow.of(place) : List.of(place);
            for (String name : TOKENIZERS) {
                List<Path> fitting = new ArrayList<>();
                for (Path file : found) {
                    if (file.endsWith(name) && isTokenizer(file, others)) {
                        fitting.add(file);
                    }
                }
                if (!fitting.isEmpty()) {
                    requireSame(place, fitting);
                    return fitting.getFirst();
                }
            }
        }
        throw new MissingFileException(searched() + ": no tokenizer.json or spiece.model of umT5"
                + (others.isEmpty() ? "" : "; found: " + String.join("; ", others)));
    }

    /** True of a tokenizer of the text encoder; what else {@code file} is goes into {@code others}. */
    private static boolean isTokenizer(Path file, Set<String> others) {
        try {
            Vocabulary vocabulary = Vocabulary.of(file);
            if (vocabulary.fits(UmtConfig.xxl())) {
                return true;
            }
            others.add(file + " (" + vocabulary.text() + ")");
        } catch (CheckpointException e) {
            others.add(e.getMessage());
        }
        return false;
    }

    private static void requireSame(Path place, List<Path> tokenizers) {
        for (Path other : tokenizers) {
            try {
                if (Files.mismatch(tokenizers.getFirst(), other) >= 0) {
                    throw new CheckpointException(
                            place,
                            tokenizers.size() + " tokenizers of umT5 that differ: "
                                    + tokenizers.stream().map(Path::toString).collect(Collectors.joining(", "))
                                    + "; with --model or --files, name the folder of one instead");
                }
            } catch (IOException e) {
                throw new CheckpointException(other, "cannot be read: " + e.getMessage());
            }
        }
    }

    private String searched() {
        return places.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    private String found() {
        return recognised() + (unreadable.isEmpty() ? "" : "; not readable: " + String.join("; ", unreadable));
    }

    private String recognised() {
        return cards.isEmpty()
                ? "no checkpoint was found"
                : "found: "
                        + cards.stream()
                                .map(card ->
                                        card.title() + (card.group().isEmpty() ? "" : " (group " + card.group() + ")"))
                                .distinct()
                                .collect(Collectors.joining(", "));
    }
}
