package io.arvid.rollout.preset;

import io.arvid.model.wan.Checkpoints;
import io.arvid.model.wan.ModelCard;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.MissingFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The files of a model wherever they lie: checkpoints recognised by what they hold, and the tokenizer.
 *
 * @param places folders and files that were searched
 * @param cards what was found
 */
public record ModelFolder(List<Path> places, List<ModelCard> cards) {
    private static final int MAX_DEPTH = 4;

    /** Looks through {@code places}: folders with what is below them, or single checkpoints. */
    public static ModelFolder open(List<Path> places) {
        List<ModelCard> cards = new ArrayList<>();
        for (Path place : places) {
            cards.addAll(Files.isDirectory(place) ? Checkpoints.inspectFolder(place) : Checkpoints.inspect(place));
        }
        return new ModelFolder(List.copyOf(places), List.copyOf(cards));
    }

    /** The same with a transformer that is not a checkpoint by itself, such as a packed one. */
    public ModelFolder with(Path place, ModelCard card) {
        return new ModelFolder(
                Stream.concat(Stream.of(place), places.stream()).toList(),
                Stream.concat(Stream.of(card), cards.stream()).toList());
    }

    /**
     * The transformer that {@code preset} runs.
     *
     * @throws MissingFileException naming what was found where none fits
     */
    public ModelCard transformer(Preset preset) {
        ModelCard card = preset.choose(cards);
        if (card == null) {
            throw new MissingFileException(
                    searched() + ": no transformer for the preset '" + preset.id() + "', which needs a "
                            + (preset.isCausal() ? "causal" : "bidirectional") + " " + preset.model() + "; " + found());
        }
        return card;
    }

    /**
     * The first complete checkpoint of {@code network}.
     *
     * @throws MissingFileException naming what was found where there is none
     */
    public ModelCard network(ModelCard.Network network) {
        return cards.stream()
                .filter(card -> card.network() == network && card.isComplete())
                .findFirst()
                .orElseThrow(() -> new MissingFileException(searched() + ": no complete "
                        + network.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ') + "; " + found()));
    }

    /** True where a complete checkpoint of {@code network} is there. */
    public boolean has(ModelCard.Network network) {
        return cards.stream().anyMatch(card -> card.network() == network && card.isComplete());
    }

    /**
     * The {@code tokenizer.json} of the text encoder, or its {@code spiece.model}.
     *
     * @throws MissingFileException where there is none
     */
    public Path tokenizer() {
        for (Path place : places) {
            if (Files.isDirectory(place)) {
                try (Stream<Path> files = Files.walk(place, MAX_DEPTH)) {
                    List<Path> found = files.sorted().toList();
                    for (String name : List.of("tokenizer.json", "spiece.model")) {
                        for (Path file : found) {
                            if (file.endsWith(name)) {
                                return file;
                            }
                        }
                    }
                } catch (IOException e) {
                    throw new CheckpointException(place, "cannot be listed: " + e.getMessage());
                }
            }
        }
        throw new MissingFileException(searched() + ": no tokenizer.json or spiece.model");
    }

    private String searched() {
        return places.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    private String found() {
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
