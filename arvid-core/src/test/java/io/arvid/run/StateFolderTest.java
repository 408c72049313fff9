package io.arvid.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateFolderTest {
    @TempDir
    Path folder;

    @Test
    void theSameRunGoesOn() {
        StateFolder.open(folder, Map.of("recipe", "a")).close();
        try (StateFolder again = StateFolder.open(folder, Map.of("recipe", "a"))) {
            assertThat(again.part("layers")).isEqualTo(folder.resolve("layers"));
        }
    }

    @Test
    void oneProcessAtATimeUsesIt() {
        try (StateFolder held = StateFolder.open(folder, Map.of("recipe", "a"))) {
            assertThatThrownBy(() -> StateFolder.open(held.folder(), Map.of("recipe", "a")))
                    .hasMessageContaining("is being used by another process")
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void whatAKilledProcessLeftHalfWrittenIsRemoved() throws IOException {
        Path left = Files.writeString(folder.resolve(".done.123456789.1.tmp"), "half");
        Path kept = Files.writeString(folder.resolve("done"), "");
        StateFolder.open(folder, Map.of("recipe", "a")).close();
        assertThat(left).doesNotExist();
        assertThat(kept).exists();
    }

    @Test
    void theStampOfAnIndexKnowsItsShards() throws IOException {
        Path index = Files.writeString(
                folder.resolve("x.safetensors.index.json"), "{\"weight_map\": {\"a\": \"x-1.safetensors\"}}");
        Path shard = Files.writeString(folder.resolve("x-1.safetensors"), "one");
        String before = StateFolder.stamp(index);
        Files.writeString(shard, "other");
        assertThat(StateFolder.stamp(index)).isNotEqualTo(before).contains("x-1.safetensors 5");
    }

    @Test
    void anotherRunIsRefusedByName() {
        StateFolder.open(folder, Map.of("recipe", "q-arvd 1", "seed", "3")).close();
        assertThatThrownBy(() -> StateFolder.open(folder, Map.of("recipe", "q-arvd 2", "seed", "3")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("recipe (q-arvd 1 there, q-arvd 2 here)")
                .hasMessageNotContaining("seed");
    }
}
