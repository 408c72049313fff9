package io.arvid.rollout.train.world;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The words of the tokenizer in the order of their ids: three special ones, the fixed words of the grammar, then every choice. */
public final class WordList {

    public static final String PAD = "<pad>";
    public static final String END = "</s>";
    public static final String UNKNOWN = "<unk>";

    private static final List<String> WORDS = build();

    private WordList() {}

    /** All words; the index is the id. */
    public static List<String> words() {
        return WORDS;
    }

    /** The id of a word, that of {@link #UNKNOWN} for a word that is not in the list. */
    public static int idOf(String word) {
        int id = WORDS.indexOf(word);
        return id < 0 ? WORDS.indexOf(UNKNOWN) : id;
    }

    private static List<String> build() {
        List<String> words = new ArrayList<>(List.of(PAD, END, UNKNOWN, "a", "and", "on", "background", "moving"));
        Worded[][] choices = {
            ShapeSize.values(),
            ShapeColor.values(),
            ShapeKind.values(),
            Direction.values(),
            Speed.values(),
            Background.values()
        };
        for (Worded[] choice : choices) {
            Arrays.stream(choice).map(Worded::word).forEach(words::add);
        }
        return List.copyOf(words);
    }
}
