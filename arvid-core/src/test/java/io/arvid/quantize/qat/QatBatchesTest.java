package io.arvid.quantize.qat;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
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

    @Test
    void noClipIsMadeFromTheNoiseThatItIsTrainedWith() {
        QatRecipe recipe = TinyStudent.recipe(QatRecipe.Context.SELF_FORCED);
        try (TensorScope scope = TensorScope.open();
                TinyStudent tiny = new TinyStudent();
                QatBatches batches =
                        new QatBatches(TinyStudent.CONFIG, recipe, tiny, QatSampling.of(TinyStudent.ROLLOUT));
                Seeds training = new Seeds(batches.seed(7));
                Seeds generation = new Seeds(batches.generationSeed(7))) {
            training.uniform(2, 7, 2); // the timesteps of two clips of seven chunks
            Set<Float> trained = new HashSet<>();
            for (float value : Tensors.toFloats(training.normal(256))) {
                trained.add(value);
            }
            for (float value : Tensors.toFloats(generation.normal(256))) {
                assertThat(trained).doesNotContain(value);
            }
        }
    }
}
