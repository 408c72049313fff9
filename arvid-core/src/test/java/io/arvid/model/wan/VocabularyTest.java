package io.arvid.model.wan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.weights.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VocabularyTest {
    @TempDir
    Path folder;

    @Test
    void isCountedInListsAndObjects() throws IOException {
        assertThat(of("""
                {"added_tokens": [{"id": 0}], "padding": null,
                 "model": {"vocab": [["<pad>", 0.0], ["a", -1.5]], "unk_id": 0, "type": "Unigram"}}
                """)).isEqualTo(new Vocabulary("Unigram", 2));
        assertThat(of("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"c\": 2}}}"))
                .isEqualTo(new Vocabulary("BPE", 3));
        assertThat(of("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {}}}"))
                .isEqualTo(new Vocabulary("WordLevel", 0));
        assertThat(of("{}")).isEqualTo(new Vocabulary("", 0));
    }

    @Test
    void isThatOfTheSentencePieceModel() {
        Vocabulary small = Vocabulary.of(Path.of("..", "testdata", "sentencepiece", "spiece.model"));
        assertThat(small.kind()).isEqualTo("Unigram");
        assertThat(small.entries()).isBetween(1, 32_000);
    }

    @Test
    void onlyThatOfUmt5Fits() {
        UmtConfig umt5 = UmtConfig.xxl();
        for (int entries : new int[] {256_000, 256_300, 256_384}) {
            assertThat(new Vocabulary("Unigram", entries).fits(umt5)).isTrue();
            assertThat(new Vocabulary("BPE", entries).fits(umt5)).isFalse();
        }
        for (int entries : new int[] {0, 32_100, 250_100, 256_385}) {
            assertThat(new Vocabulary("Unigram", entries).fits(umt5)).isFalse();
        }
    }

    @Test
    void brokenFilesAreNamed() {
        for (String text : List.of("", "not json", "[1]", "{\"model\": {\"vocab\": [[\"a\"")) {
            assertThatThrownBy(() -> of(text))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("tokenizer.json: is not a readable tokenizer: ")
                    .hasMessageNotContaining("\n");
        }
    }

    private Vocabulary of(String json) throws IOException {
        return Vocabulary.of(Files.writeString(folder.resolve("tokenizer.json"), json));
    }
}
