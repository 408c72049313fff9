package io.arvid.model.wan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.wan.prompt.PromptCleaning;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small unigram model with byte fallback, and the ids that SentencePiece's own library gives; the end token is 1. */
class SentencePieceFileTest {
    private static final Path DATA = Path.of("..", "testdata", "sentencepiece");
    private static final int LENGTH = 64;

    @TempDir
    Path folder;

    @Test
    void givesTheIdsOfSentencePiece() throws IOException {
        JsonNode cases = new JsonMapper().readTree(DATA.resolve("ids.json").toFile());
        try (TensorScope scope = TensorScope.open();
                Tokenizer tokenizer = Tokenizer.open(DATA, LENGTH)) {
            for (JsonNode each : cases) {
                String prompt = each.path("prompt").asText();
                if (!PromptCleaning.clean(prompt).equals(prompt.strip().replaceAll("\\s+", " "))) {
                    continue; // Cleaning changes it before any tokenizer sees it.
                }
                long[] ids = Tensors.toLongs(tokenizer.encode(List.of(prompt)).ids());
                long[] expected = new long[LENGTH];
                for (int i = 0; i < each.path("ids").size(); i++) {
                    expected[i] = each.path("ids").path(i).asLong();
                }
                assertThat(ids).as(prompt).isEqualTo(expected);
            }
        }
    }

    @Test
    void whatIsNoModelIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(DATA.resolve("spiece.model"));
        for (byte[] bytes : List.of(new byte[0], new byte[] {7, 7, 7}, Arrays.copyOf(whole, whole.length / 2))) {
            Path file = Files.write(folder.resolve("spiece.model"), bytes);
            assertThatThrownBy(() -> Tokenizer.open(file, LENGTH))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("SentencePiece");
        }
    }
}
