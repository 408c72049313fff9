package io.arvid.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainingProgressTest {
    @Test
    void aTrainingThatGoesOnTellsWhatWasDoneBefore() {
        List<String> heard = new ArrayList<>();
        Progress progress = (name, steps) -> {
            heard.add(name + " " + steps);
            return new Progress.Stage() {
                @Override
                public void step(long steps) {
                    heard.add("+" + steps);
                }

                @Override
                public void resume(long steps) {
                    heard.add("resumed " + steps);
                }

                @Override
                public void close() {
                    heard.add("end");
                }
            };
        };
        try (TrainingProgress training = new TrainingProgress(progress, "lsq")) {
            assertThat(heard).isEmpty();
            training.onStep(251, 300);
            training.onStep(252, 300);
        }
        assertThat(heard).containsExactly("lsq 300", "resumed 250", "+1", "+1", "end");
    }
}
