package io.arvid.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.evaluate.Direction;
import io.arvid.evaluate.suite.EvaluationResult;
import io.arvid.evaluate.suite.EvaluationSettings;
import io.arvid.evaluate.suite.MetricResult;
import io.arvid.evaluate.suite.VideoFailure;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.record.Estimate;
import io.arvid.record.FindingTable;
import io.arvid.record.Findings;
import io.arvid.record.MachineStamp;
import io.arvid.record.PairedDifference;
import io.arvid.record.RunRecord;
import io.arvid.record.SourceStamp;
import io.arvid.report.RunFolder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ResultTablesTest {
    private static CellRun.Done done(String method, double... mseByVideo) {
        Map<String, Double> byVideo = new LinkedHashMap<>();
        for (int i = 0; i < mseByVideo.length; i++) {
            byVideo.put("p%03d-s0".formatted(i), mseByVideo[i]);
        }
        double mean = Arrays.stream(mseByVideo).average().orElseThrow();
        MetricResult mse = new MetricResult(
                "latent-mse",
                Direction.LOWER_IS_BETTER,
                0.0,
                mseByVideo.length,
                new Estimate(mean, mean / 2, 2 * mean),
                List.of(),
                null,
                byVideo);
        EvaluationResult scores = new EvaluationResult(
                record(Findings.NONE),
                method,
                "w4a8",
                EvaluationSettings.DEFAULT,
                Map.of(),
                Map.of(),
                List.of(mse),
                List.of());
        RecipeFile<?> recipe = RecipeFile.parse("{\"method\": \"minmax\"}");
        return new CellRun.Done(
                new Cell(method, "w4a8", recipe),
                new CellCost(
                        "key",
                        "0123456",
                        1.5,
                        1 << 20,
                        1000,
                        2000,
                        Map.of("blocks.0.ffn.2", 11.0, "blocks.1.ffn.2", 9.0)),
                scores);
    }

    private static RunRecord record(Findings findings) {
        return new RunRecord(
                "arvid compare",
                "2026-01-01T00:00:00Z",
                SourceStamp.UNKNOWN,
                "shapes",
                "0123456789abcdef",
                List.of(),
                Map.of("noise 0", 0L),
                MachineStamp.here(),
                List.of(),
                findings);
    }

    /** The paper has q-arvd before adaround before minmax. Here the first pair is turned round in every video, the third falls either way. */
    @Test
    void pairsCountOnlyWhereIntervalsDecide() {
        List<CellRun.Done> results =
                List.of(done("minmax", 8, 1, 8, 1), done("adaround", 1, 2, 1, 2), done("q-arvd", 2, 3, 2, 3));
        FindingTable order = new ResultTables(results).order().getFirst();
        List<String> row = order.rows().getFirst();
        assertThat(row.get(1)).isEqualTo("q-arvd, adaround, minmax");
        assertThat(row.get(2)).isEqualTo("adaround, q-arvd, minmax");
        assertThat(row.get(3)).isEqualTo("0");
        assertThat(row.get(4)).isEqualTo("2");
        assertThat(row.get(5)).isEqualTo("1: q-arvd / adaround");
    }

    @Test
    void twoPromptsDecideNothing() {
        List<CellRun.Done> results = List.of(done("minmax", 4, 6), done("adaround", 1, 2), done("q-arvd", 2, 4));
        List<String> row = new ResultTables(results).order().getFirst().rows().getFirst();
        assertThat(row.subList(3, 6)).containsExactly("0", "3", "0");
        PairedDifference pair =
                PairedCells.differences(results.get(1), results.get(2)).getFirst();
        assertThat(pair.difference().high()).isNegative();
        assertThat(pair.lower()).isFalse();
    }

    @Test
    void worstLayersComeFirst() {
        List<String> row = new ResultTables(List.of(done("minmax", 1, 2)))
                .worstLayers()
                .rows()
                .getFirst();
        assertThat(row).startsWith("W4A8 MinMax", "blocks.1.ffn.2 9.0", "blocks.0.ffn.2 11.0", "–");
    }

    @Test
    void videosThatCouldNotBeScoredAreTold() {
        CellRun.Done whole = done("minmax", 1, 2);
        EvaluationResult scores = whole.scores();
        EvaluationResult broken = new EvaluationResult(
                scores.run(),
                scores.method(),
                scores.setting(),
                scores.settings(),
                scores.weights(),
                scores.prompts(),
                scores.metrics(),
                List.of(
                        new VideoFailure("p002-s0", List.of("psnr", "ssim"), "cannot be read"),
                        new VideoFailure("p003-s0", List.of("psnr"), "cannot be read")));
        ResultTables tables = new ResultTables(List.of(new CellRun.Done(whole.cell(), whole.cost(), broken)));
        assertThat(tables.main(scores).note())
                .endsWith("could not be scored: W4A8 MinMax, p002-s0: cannot be read (psnr, ssim) and 1 more.");
        assertThat(new ResultTables(List.of(whole)).main(scores).note()).doesNotContain("scored");
    }

    @Test
    void anUnknownPeakIsNotZero() {
        CellRun.Done known = done("minmax", 1, 2);
        CellCost cost = new CellCost("key", null, 1.5, 0, 1000, 2000, Map.of());
        List<String> row = new ResultTables(List.of(new CellRun.Done(known.cell(), cost, known.scores())))
                .costs()
                .rows()
                .getFirst();
        assertThat(row).startsWith("W4A8 MinMax", "1.50", "–");
    }

    @Test
    void severalNoisesOfAPromptCountAsTheirMean() {
        List<PairedDifference> pairs = PairedCells.differences(done("arvid", 1, 1), done("q-arvd", 2, 4));
        assertThat(pairs).singleElement().satisfies(pair -> {
            assertThat(pair.ratio().mean()).isCloseTo(1.0 / 3, org.assertj.core.data.Offset.offset(1e-12));
            assertThat(pair.prompts()).isEqualTo(2);
        });
    }

    /** Three videos against two: the second of the three has no partner. */
    @Test
    void videosArePairedByName() {
        CellRun.Done whole = done("arvid", 1, 100, 3);
        CellRun.Done broken = done("q-arvd", 2, 50, 6);
        broken.scores().metric("latent-mse").orElseThrow().byVideo().remove("p001-s0");
        assertThat(PairedCells.geometricRatio("latent-mse", whole, broken)
                        .orElseThrow()
                        .prompts())
                .isEqualTo(2);
        assertThat(PairedCells.differences(whole, broken))
                .singleElement()
                .satisfies(pair -> assertThat(pair.ratio().mean()).isEqualTo(0.5));
    }

    /** Ratios 1/4 and 4/1 cancel in the geometric mean, whatever their size in the mean. */
    @Test
    void oneWildPromptDoesNotOutweighTheOthers() {
        var ratio = PairedCells.geometricRatio("latent-mse", done("arvid", 1, 400), done("q-arvd", 4, 100))
                .orElseThrow();
        assertThat(ratio.mean().mean()).isCloseTo(1, org.assertj.core.data.Offset.offset(1e-12));
        assertThat(ratio.won()).isEqualTo(1);
    }

    @Test
    void thePageSaysWhatTheIntervalsSay() {
        List<CellRun.Done> results = List.of(done("q-arvd", 2, 3, 2), done("arvid", 1, 2, 1));
        Findings findings = new Findings(
                List.of(),
                List.of(),
                PairedCells.differences(results.get(1), results.get(0)),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(new ResultTables(results).main(done("full-precision", 0).scores())));
        String page = ResultsPage.page(List.of(new RunFolder(Path.of("run"), record(findings))));
        assertThat(page)
                .contains(
                        "arvid compare",
                        "nearer to full precision than Q-ARVD",
                        "| W4A8 arvid | 1.33 [0.667, 2.67] |",
                        "| Full precision | 0");
    }
}
