package io.arvid.quantize.qat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class QatBatchesTest {
    @Test
    void seedsShareNoStep() {
        QatRecipe recipe = TinyStudent.recipe(QatRecipe.Context.TEACHER_FORCED);
        try (TinyStudent tiny = new TinyStudent()) {
            Set<Long> seen = new HashSet<>();
            for (long seed = 0; seed < 3; seed++) {
                try (QatBatches batches = new QatBatches(
                        TinyStudent.CONFIG, recipe.withSeed(seed), tiny, QatSampling.of(TinyStudent.ROLLOUT))) {
                    for (long step = -4; step < 3000; step++) {
                        assertThat(seen.add(batches.seed(step))).isTrue();
                    }
                }
            }
        }
    }
}
