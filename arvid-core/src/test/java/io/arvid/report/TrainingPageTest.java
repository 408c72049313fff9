package io.arvid.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.record.FindingTable;
import io.arvid.record.TrainingStep;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrainingPageTest {
    @Test
    void showsEveryRunInEveryChart() {
        LinkedHashMap<String, List<TrainingStep>> runs = new LinkedHashMap<>();
        for (String name : List.of("with-module", "without")) {
            List<TrainingStep> steps = new ArrayList<>();
            for (int i = 1; i <= 450; i++) {
                steps.add(new TrainingStep(
                        i, 900, 1.0 / i, 2.0 / i, Map.of("weights", 1.0 / i), 4, 1, Map.of("weights", 1e-3), 1));
            }
            runs.put(name, steps);
        }
        FindingTable table =
                new FindingTable("t", "A table", "its note", List.of("a", "b"), List.of(List.of("x", "1")));
        String page = TrainingPage.page("Training", runs, List.of(table), false);
        assertThat(page.split("<svg", -1)).hasSize(7);
        assertThat(page).contains("with-module: step 450 of 900; without: step 450 of 900.", "A table", "its note");
        assertThat(page).doesNotContain("http://").doesNotContain("NaN");
    }

    @Test
    void theBoundIsTheMeanSoFarOverGroupsWithRatesOfTheirOwn() {
        TrainingStep first =
                new TrainingStep(1, 3, 1, 5, Map.of("a", 3.0, "b", 4.0), 0, 0, Map.of("a", 0.1, "b", 0.5), 1);
        TrainingStep second = new TrainingStep(2, 3, 1, 2, Map.of("a", 2.0, "b", 0.0), 0, 0, Map.of("a", 0.2), 1);
        // 0.05 · 9 + 0.25 · 16 = 4.45; 0.1 · 4 = 0.4
        assertThat(TrainingPage.regretBounds(List.of(first, second)))
                .containsExactly(new double[] {4.45, 4.85 / 2}, within(1e-12));
    }

    @Test
    void aRunWithoutStepsHasAPageToo() {
        LinkedHashMap<String, List<TrainingStep>> runs = new LinkedHashMap<>();
        runs.put("new", List.of());
        assertThat(TrainingPage.page("Training", runs, List.of(), true))
                .contains("<svg")
                .doesNotContain("NaN");
    }
}
