package io.arvid.rollout.train.world;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerFileTest {

    @TempDir
    Path folder;

    @Test
    void theIdsNeverChange() {
        assertThat(WordList.words())
                .containsExactly(
                        "<pad>",
                        "</s>",
                        "<unk>",
                        "a",
                        "and",
                        "on",
                        "background",
                        "moving",
                        "small",
                        "large",
                        "red",
                        "green",
                        "blue",
                        "yellow",
                        "magenta",
                        "cyan",
                        "circle",
                        "square",
                        "triangle",
                        "left",
                        "right",
                        "up",
                        "down",
                        "slowly",
                        "quickly",
                        "black",
                        "navy",
                        "gray");
        assertThat(WordList.idOf("cyan")).isEqualTo(15);
        assertThat(WordList.idOf("purple")).isEqualTo(2);
    }

    @Test
    void everyWordOfEveryPromptHasAnId() {
        ShapesWorld world = new ShapesWorld(WorldSpec.DEFAULT);
        for (int seed = 0; seed < 200; seed++) {
            assertThat(world.trainingScene(seed).prompt().split(" "))
                    .hasSizeLessThan(24)
                    .allMatch(word -> WordList.words().contains(word));
        }
    }

    @Test
    void theFileHoldsVocabularyEndMarkAndPadding() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        TokenizerFile.write(file, 24);
        JsonNode root = new ObjectMapper().readTree(file.toFile());
        assertThat(root.at("/model/type").asText()).isEqualTo("WordLevel");
        assertThat(root.at("/model/vocab/red").asInt()).isEqualTo(WordList.idOf("red"));
        assertThat(root.at("/model/vocab").size()).isEqualTo(WordList.words().size());
        assertThat(root.at("/padding/strategy/Fixed").asInt()).isEqualTo(24);
        assertThat(root.at("/truncation/max_length").asInt()).isEqualTo(24);
        assertThat(root.at("/pre_tokenizer/type").asText()).isEqualTo("WhitespaceSplit");
        assertThat(root.at("/post_processor/single/1/SpecialToken/id").asText()).isEqualTo("</s>");
        assertThat(root.at("/post_processor/special_tokens/<~1s>/ids/0").asInt())
                .isEqualTo(1);
    }
}
