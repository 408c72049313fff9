package io.arvid.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.record.FindingTable;
import io.arvid.record.TrainingLog;
import io.arvid.record.TrainingStep;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QatReportTest {
    private static final List<Double> ONE = List.of(1.0);

    @TempDir
    Path run;

    private static QatScore score(String name, boolean trained, double... errors) {
        List<Double> values = DoubleStream.of(errors).boxed().toList();
        return new QatScore("", name, trained ? "w4a4" : "bf16", trained, 2_600_000, values, values, values, values, 1);
    }

    @Test
    void differencesArePairedBySeedAndPrompt() {
        LinkedHashMap<String, List<QatScore>> scores = new LinkedHashMap<>();
        scores.put("full-precision", List.of(score("full-precision", false, 0, 0, 0)));
        scores.put("qvgen", List.of(score("qvgen-seed0", true, 3, 3, 3), score("qvgen-seed1", true, 5, 5, 5)));
        scores.put("lsq", List.of(score("lsq-seed0", true, 2, 2, 2), score("lsq-seed1", true, 2, 2, 2)));
        scores.put("once", List.of(score("once-seed0", true, 2, 2, 3.5)));
        FindingTable table = QatReport.quality(scores);
        assertThat(table.note())
                .startsWith("3 held-out prompts")
                .contains("latent MSE of qvgen", "one seed: says nothing of training noise");
        assertThat(table.rows().get(0)).startsWith("full-precision", "bf16", "1", "2.6", "0.0000", "", "");
        assertThat(table.rows().get(1)).startsWith("qvgen", "w4a4", "2", "2.6", "4.0000 ± 1.4142", "", "");
        // By seed −1 and −3 on every prompt: an interval over prompts alone would have no width.
        // The standard error over seeds is 1, t is 12.706.
        assertThat(table.rows().get(2))
                .startsWith("lsq", "w4a4", "2", "2.6", "2.0000 ± 0.0000", "-2.0000 (-14.7060 … +10.7060)", "3 of 3");
        // By prompt −1, −1 and 0.5, against the first seed.
        assertThat(table.rows().get(3))
                .startsWith("once", "w4a4", "1", "2.6", "2.5000", "-0.5000 (-1.0000 … +0.5000), one seed", "2 of 3");
    }

    @Test
    void threeSeedsAreTwoDegreesOfFreedom() {
        LinkedHashMap<String, List<QatScore>> scores = new LinkedHashMap<>();
        scores.put("a", List.of(score("a-seed0", true, 3), score("a-seed1", true, 4), score("a-seed2", true, 5)));
        scores.put("minmax", List.of(new QatScore("", "minmax", "w4a4", false, 1, ONE, ONE, ONE, ONE, 1)));
        // By seed −2, −3 and −4: 4.303/√3 = 2.4843.
        assertThat(QatReport.quality(scores).rows().get(1)).contains("-3.0000 (-5.4843 … -0.5157)", "1 of 1");
    }

    @Test
    void aSeedWithoutALogLeavesTheOthersInTheCharts() throws Exception {
        new TrainingLog(run.resolve("qvgen-seed0.jsonl")).onStep(TrainingStep.of(1, 4, 1, 0.5, 1));
        LinkedHashMap<String, List<QatScore>> scores = new LinkedHashMap<>();
        scores.put("qvgen", List.of(score("qvgen-seed0", true, 1), score("qvgen-seed1", true, 1)));
        new QatReport(run, name -> run.resolve(name + ".jsonl")).write(scores, null);
        assertThat(Files.readString(run.resolve("comparison.html"))).contains("qvgen: step 1 of 4");
    }

    @Test
    void lossesAreComparedStepByStep() {
        for (int seed = 0; seed < 2; seed++) {
            TrainingLog first = new TrainingLog(run.resolve("qvgen-seed" + seed + ".jsonl"));
            TrainingLog second = new TrainingLog(run.resolve("lsq-seed" + seed + ".jsonl"));
            for (int i = 1; i <= 24; i++) {
                first.onStep(TrainingStep.of(i, 24, 0.5 * i, 1, 1));
                // In the last two steps twice the loss with the first seed, four times with the second.
                second.onStep(TrainingStep.of(i, 24, i > 22 ? i * (seed + 1) : 100, 1, 1));
            }
        }
        LinkedHashMap<String, List<QatScore>> scores = new LinkedHashMap<>();
        scores.put("qvgen", List.of(score("qvgen-seed0", true, 1), score("qvgen-seed1", true, 1)));
        scores.put("lsq", List.of(score("lsq-seed0", true, 1), score("lsq-seed1", true, 1)));
        QatReport report = new QatReport(run, name -> run.resolve(name + ".jsonl"));
        FindingTable losses = report.write(scores, null).getLast();
        assertThat(losses.headings())
                .hasSize(14)
                .startsWith("recipe", "over", "1/12")
                .endsWith("12/12");
        assertThat(losses.rows()).hasSize(1);
        // ln 2 twice and ln 4 twice: a deviation of ln 2 / √3 between four steps.
        assertThat(losses.rows().getFirst()).startsWith("lsq", "qvgen").endsWith("+104.0 ± 20.0");
    }

    @Test
    void whatIsOfOtherBitsOrHasNoLogHasNoRatio() {
        new TrainingLog(run.resolve("qvgen-seed0.jsonl")).onStep(TrainingStep.of(1, 1, 1, 0.5, 1));
        new TrainingLog(run.resolve("w3-seed0.jsonl"))
                .onStep(new TrainingStep(1, 1, 1, 0.25, Map.of("weights", 0.125), 0, 0, Map.of(), 1));
        List<Double> one = List.of(1.0);
        LinkedHashMap<String, List<QatScore>> scores = new LinkedHashMap<>();
        scores.put("qvgen", List.of(score("qvgen-seed0", true, 1)));
        scores.put("w3", List.of(new QatScore("", "w3-seed0", "w3a3", true, 1, one, one, one, one, 1)));
        scores.put("gone", List.of(score("gone-seed0", true, 1)));
        QatReport report = new QatReport(run, name -> run.resolve(name + ".jsonl"));
        List<FindingTable> tables = report.write(scores, null);
        FindingTable gradients = tables.get(1);
        assertThat(gradients.rows().get(0)).containsExactly("qvgen", "0.500", "0.000", "0.500", "0.000");
        assertThat(gradients.rows().get(1)).containsExactly("w3", "0.250", "0.125", "0.250", "0.125");
        assertThat(gradients.rows().get(2)).containsExactly("gone", "", "", "", "");
        assertThat(tables.get(2).rows()).hasSize(1);
        assertThat(tables.get(2).rows().getFirst())
                .startsWith("gone", "qvgen", "")
                .endsWith("");
    }

    @Test
    void aTrainingUnderWayIsOnThePage() throws Exception {
        Path log = run.resolve("qvgen-seed0.jsonl");
        new TrainingLog(log)
                .onStep(new TrainingStep(1, 4, 1, 2, Map.of("weights", 2.0), 4, 1, Map.of("weights", 0.1), 1));
        QatReport report = new QatReport(run, name -> run.resolve(name + ".jsonl"));
        LinkedHashMap<String, List<QatScore>> scores = new LinkedHashMap<>();
        scores.put("full-precision", List.of(score("full-precision", false, 0)));
        report.write(scores, "qvgen-seed0");
        Path page = run.resolve("comparison.html");
        assertThat(Files.readString(page)).contains("qvgen-seed0: step 1 of 4", "http-equiv=\"refresh\"");
        scores.put("qvgen", List.of(score("qvgen-seed0", true, 1)));
        report.write(scores, null);
        assertThat(Files.readString(page)).contains("qvgen: step 1 of 4").doesNotContain("qvgen-seed0", "http-equiv");
        assertThat(Files.readString(run.resolve("comparison.json"))).contains("\"gradients\"");
    }
}
