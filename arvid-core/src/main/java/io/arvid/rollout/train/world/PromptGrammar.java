package io.arvid.rollout.train.world;

import io.arvid.weights.NearestName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The one sentence form of the world, both ways.
 *
 * <pre>
 * prompt = shape [ "and" shape ] "on a" background "background"
 * shape  = "a" size color kind "moving" direction speed
 * </pre>
 */
public final class PromptGrammar {

    private final List<String> words;
    private int next;

    private PromptGrammar(String prompt) {
        this.words = Arrays.asList(prompt.strip().split("\\s+"));
    }

    /** The prompt of a description. */
    public static String promptOf(SceneDescription scene) {
        String shapes = scene.shapes().stream().map(PromptGrammar::phraseOf).collect(Collectors.joining(" and "));
        return shapes + " on a " + scene.background().word() + " background";
    }

    /** The phrase of one shape, such as {@code a large red circle moving left quickly}. */
    public static String phraseOf(Shape shape) {
        return String.join(
                " ",
                "a",
                shape.size().word(),
                shape.color().word(),
                shape.kind().word(),
                "moving",
                shape.direction().word(),
                shape.speed().word());
    }

    /**
     * The description in a prompt.
     *
     * @throws IllegalArgumentException that names the word that does not fit, the words that would, and the nearest of them
     */
    public static SceneDescription parse(String prompt) {
        return new PromptGrammar(prompt).scene();
    }

    private SceneDescription scene() {
        List<Shape> shapes = new ArrayList<>();
        shapes.add(shape());
        if (expect("a joining word", "on", "and").equals("and")) {
            shapes.add(shape());
            expect("a joining word", "on");
        }
        expect("an article", "a");
        Background background = choice("a background", Background.values());
        expect("the last word", "background");
        if (next < words.size()) {
            throw new IllegalArgumentException(
                    "the prompt ends at \"background\", but '" + words.get(next) + "' follows");
        }
        return new SceneDescription(shapes, background);
    }

    private Shape shape() {
        expect("an article", "a");
        ShapeSize size = choice("a size", ShapeSize.values());
        ShapeColor color = choice("a color", ShapeColor.values());
        ShapeKind kind = choice("a kind of shape", ShapeKind.values());
        expect("the verb", "moving");
        return new Shape(
                size, color, kind, choice("a direction", Direction.values()), choice("a speed", Speed.values()));
    }

    private String expect(String role, String... known) {
        String word = word(role, List.of(known));
        if (!List.of(known).contains(word)) {
            throw unknown(role, word, List.of(known));
        }
        return word;
    }

    private <E extends Worded> E choice(String role, E[] values) {
        List<String> known = Arrays.stream(values).map(Worded::word).toList();
        String word = word(role, known);
        int index = known.indexOf(word);
        if (index < 0) {
            throw unknown(role, word, known);
        }
        return values[index];
    }

    private String word(String role, List<String> known) {
        if (next == words.size()) {
            throw new IllegalArgumentException(
                    "the prompt ends where " + role + " is needed (" + String.join(", ", known) + ")");
        }
        return words.get(next++);
    }

    private IllegalArgumentException unknown(String role, String word, List<String> known) {
        return new IllegalArgumentException("word " + next + " of the prompt should be " + role + " ("
                + String.join(", ", known) + ") but is '" + word + "'; nearest: '" + NearestName.of(word, known) + "'");
    }
}
