package io.arvid.report;

import static org.assertj.core.api.Assertions.assertThat;

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
        String page = TrainingPage.page("Training", runs, List.of(table));
        assertThat(page.split("<svg", -1)).hasSize(6);
        assertThat(page).contains("with-module: step 450 of 900; without: step 450 of 900.", "A table", "its note");
        assertThat(page).doesNotContain("http://").doesNotContain("NaN");
    }

    @Test
    void aRunWithoutStepsHasAPageToo() {
        LinkedHashMap<String, List<TrainingStep>> runs = new LinkedHashMap<>();
        runs.put("new", List.of());
        assertThat(TrainingPage.page("Training", runs, List.of()))
                .contains("<svg")
                .doesNotContain("NaN");
    }
}
