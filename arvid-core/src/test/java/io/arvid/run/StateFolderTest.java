package io.arvid.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateFolderTest {
    @TempDir
    Path folder;

    @Test
    void theSameRunGoesOn() {
        StateFolder first = StateFolder.open(folder, Map.of("recipe", "a"));
        assertThat(StateFolder.open(folder, Map.of("recipe", "a"))).isEqualTo(first);
    }

    @Test
    void anotherRunIsRefusedByName() {
        StateFolder.open(folder, Map.of("recipe", "q-arvd 1", "seed", "3"));
        assertThatThrownBy(() -> StateFolder.open(folder, Map.of("recipe", "q-arvd 2", "seed", "3")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("recipe (q-arvd 1 there, q-arvd 2 here)")
                .hasMessageNotContaining("seed");
    }
}
