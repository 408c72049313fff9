package io.arvid.model.wan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
    private static final String WORDS = """
            {"version": "1.0", "truncation": null,
             "padding": {"strategy": {"Fixed": 3}, "direction": "Right", "pad_id": 9, "pad_type_id": 0, "pad_token": "<pad>"},
             "added_tokens": [], "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"},
             "post_processor": {"type": "TemplateProcessing",
               "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
               "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
               "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
             "decoder": null,
             "model": {"type": "WordLevel", "unk_token": "<unk>",
               "vocab": {"<pad>": 9, "</s>": 1, "<unk>": 2, "a": 3, "blue": 4, "circle": 5, "red": 6}}}
            """;

    @TempDir
    Path folder;

    @Test
    void padsToTheLengthAskedFor() throws IOException {
        try (TensorScope scope = TensorScope.open();
                Tokenizer tokenizer = Tokenizer.open(write(WORDS), 6)) {
            Tokenizer.Tokens tokens = tokenizer.encode(List.of("a red circle", "blue"));
            assertThat(Tensors.toLongs(tokens.ids())).containsExactly(3, 6, 5, 1, 9, 9, 4, 1, 9, 9, 9, 9);
            assertThat(Tensors.toLongs(tokens.mask())).containsExactly(1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0);
            assertThat(Tensors.shape(tokens.ids())).containsExactly(2, 6);
        }
    }

    @Test
    void truncatesButKeepsTheEndToken() throws IOException {
        try (TensorScope scope = TensorScope.open();
                Tokenizer tokenizer = Tokenizer.open(write(WORDS), 3)) {
            Tokenizer.Tokens tokens = tokenizer.encode(List.of("a red circle a red circle"));
            assertThat(Tensors.toLongs(tokens.ids())).containsExactly(3, 6, 1);
            assertThat(Tensors.toLongs(tokens.mask())).containsExactly(1, 1, 1);
        }
    }

    @Test
    void cleansPromptsFirst() throws IOException {
        try (TensorScope scope = TensorScope.open();
                Tokenizer tokenizer = Tokenizer.open(write(WORDS), 4)) {
            Tokenizer.Tokens tokens = tokenizer.encode(List.of("\u3000a&nbsp;\uff52\uff45\uff44\ncircle"));
            assertThat(Tensors.toLongs(tokens.ids())).containsExactly(3, 6, 5, 1);
            tokenizer.requireKnownWords("a&nbsp;\uff52\uff45\uff44");
        }
    }

    @Test
    void namesUnknownWordsWithTheNearestKnownOne() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(write(WORDS), 6)) {
            tokenizer.requireKnownWords(" a red  circle ");
            assertThatThrownBy(() -> tokenizer.requireKnownWords("a rad bleu circle <pad>"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'rad' (nearest: 'red')")
                    .hasMessageContaining("'bleu' (nearest: 'blue')")
                    .hasMessageContaining("'<pad>'")
                    .hasMessageNotContaining("'circle' (")
                    .hasMessageEndingWith("; it knows a, blue, circle, red");
        }
    }

    @Test
    void refusesWhatIsNotATokenizer() throws IOException {
        assertThatThrownBy(() -> Tokenizer.open(folder.resolve("none.json"), 6))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("none.json");
        for (String text : List.of("", "not json", "{}", WORDS.replace("WordLevel", "NoSuchModel"))) {
            assertThatThrownBy(() -> Tokenizer.open(write(text), 6))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("tokenizer.json: is not a readable tokenizer.json")
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void refusesALengthOfNothing() throws IOException {
        Path file = write(WORDS);
        assertThatThrownBy(() -> Tokenizer.open(file, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    private Path write(String json) throws IOException {
        return Files.writeString(folder.resolve("tokenizer.json"), json);
    }
}
