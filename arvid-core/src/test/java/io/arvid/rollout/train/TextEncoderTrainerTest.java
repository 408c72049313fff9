package io.arvid.rollout.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.wan.Tokenizer;
import io.arvid.model.wan.UmtConfig;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.TokenizerFile;
import io.arvid.rollout.train.world.WordList;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextEncoderTrainerTest {
    private static final int TOKENS = 24;

    @TempDir
    Path folder;

    @BeforeEach
    void writeTokenizer() throws IOException {
        Torch.setThreads(1);
        TokenizerFile.write(folder.resolve("tokenizer.json"), TOKENS);
    }

    private static UmtConfig config(int words) {
        return new UmtConfig(words, 32, 32, 48, 2, 2, 16, false);
    }

    @Test
    void wordsComeToKnowTheirPhrase() {
        UmtConfig config = config(WordList.words().size());
        List<Double> losses = new ArrayList<>();
        try (TensorScope scope = TensorScope.open();
                Tokenizer tokenizer = Tokenizer.open(folder.resolve("tokenizer.json"), TOKENS)) {
            Map<String, Tensor> weights = new TextEncoderTrainer(
                            new ShapesWorld(WorldSpec.DEFAULT),
                            config,
                            tokenizer,
                            new TextEncoderTrainer.Settings(300, 24, 5e-3, 3, 100))
                    .train(folder.resolve("state"), (phase, step, total, loss, norm) -> losses.add(loss));
            assertThat(weights.keySet()).isEqualTo(config.parameterShapes().keySet());
        }
        // Before training every answer is a coin toss: 23 labels of ln 2 each.
        assertThat(losses.getFirst()).isCloseTo(23 * Math.log(2), org.assertj.core.data.Offset.offset(1e-3));
        assertThat(losses.getLast()).isLessThan(losses.getFirst() / 4);
    }

    @Test
    void aVocabularyThatLacksWordsIsRefused() {
        try (Tokenizer tokenizer = Tokenizer.open(folder.resolve("tokenizer.json"), TOKENS)) {
            assertThatThrownBy(() -> new TextEncoderTrainer(
                            new ShapesWorld(WorldSpec.DEFAULT),
                            config(5),
                            tokenizer,
                            new TextEncoderTrainer.Settings(1, 1, 1e-3, 1, 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("vocabulary 5");
        }
    }
}
