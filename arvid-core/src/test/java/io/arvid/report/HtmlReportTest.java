package io.arvid.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.record.Comparison;
import io.arvid.record.Estimate;
import io.arvid.record.Findings;
import io.arvid.record.MachineStamp;
import io.arvid.record.MetricScores;
import io.arvid.record.PairedDifference;
import io.arvid.record.RunRecord;
import io.arvid.record.SourceStamp;
import io.arvid.record.StageRecord;
import io.arvid.record.VideoSet;
import io.arvid.tensor.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {
    private static final int FRAMES = 5;

    @TempDir
    static Path sampleFolder;

    @TempDir
    Path folder;

    private static RunFolder sample;

    @BeforeAll
    static void writeSample() {
        Torch.setThreads(1);
        sample = SampleRun.write(sampleFolder, 1, FRAMES);
    }

    private static RunRecord bare(String command, Findings findings) {
        return new RunRecord(
                command,
                "2026-11-21T22:00:00Z",
                SourceStamp.UNKNOWN,
                "",
                "",
                List.of(),
                Map.of(),
                MachineStamp.here(),
                List.of(new StageRecord("pack", 1, 0.4, 0)),
                findings);
    }

    @Test
    void aReportNeedsNoOtherFile() throws IOException {
        Path file = folder.resolve("report.html");
        HtmlReport.write(file, List.of(RunFolder.open(sampleFolder)));
        String page = Files.readString(file);
        Matcher links = Pattern.compile("(?:src|href)=\"([^\"]{0,20})|url\\(|@import|https?:")
                .matcher(page);
        int media = 0;
        while (links.find()) {
            assertThat(links.group(1)).as("what the page loads").isNotNull().startsWith("data:");
            media++;
        }
        assertThat(media).isEqualTo(5 + 4 + 1);
    }

    @Test
    void everySectionShowsWhatTheRunFound() {
        String page = HtmlReport.page(List.of(sample));
        for (String section : List.of("videos", "quality", "sensitivity", "outliers", "size", "cost", "origin")) {
            assertThat(page).contains("<section id=\"" + section + "\"");
        }
        assertThat(page)
                .contains("Q-ARVD stays nearer to full precision than MinMax")
                .contains("Spearman −1.00, 8 prompts")
                .contains("text path alone 27 %")
                .contains("19 outliers, 32 set apart")
                .contains("cross_attn.v")
                .contains("4.70")
                .contains("96e5e62c0d9f1e7a3b5d8c4f2a1b0e9d8c7f6a5b")
                .contains(sample.record().recipes().getFirst().hash())
                .contains("bootstrap 7, calibration 0, noise 42");
    }

    @Test
    void theSameRunGivesTheSamePage() {
        assertThat(HtmlReport.page(List.of(sample))).isEqualTo(HtmlReport.page(List.of(RunFolder.open(sampleFolder))));
    }

    @Test
    void headingsClaimNothingThatTheIntervalsDoNotSay() {
        Findings found = sample.record().findings();
        Findings unsure = new Findings(
                List.of(),
                found.comparisons(),
                found.differences().stream()
                        .map(pair -> new PairedDifference(
                                pair.metric(),
                                pair.setting(),
                                pair.method(),
                                pair.rival(),
                                pair.prompts(),
                                pair.confidence(),
                                pair.difference(),
                                new Estimate(0.9, 0.7, 1.1)))
                        .toList(),
                List.of(),
                List.of(),
                List.of(),
                List.of());
        String page = HtmlReport.page(List.of(new RunFolder(folder, bare("demo", unsure))));
        assertThat(page).contains("Distance from full precision").doesNotContain("stays nearer");
    }

    @Test
    void nothingIsComparedWithoutAReference() {
        Comparison alone = new Comparison(
                "", "", 2, 0.95, List.of(new MetricScores("sharpness", new Estimate(3, 2, 4), List.of())));
        Findings found = new Findings(List.of(), List.of(alone), List.of(), List.of(), List.of(), List.of(), List.of());
        String page = HtmlReport.page(List.of(new RunFolder(folder, bare("evaluate", found))));
        assertThat(page)
                .contains("Videos, scored on 2 prompts.", "scored on its own, without a reference")
                .doesNotContain("the full-precision model", "the full-precision video");
    }

    @Test
    void aSettingWithoutAMetricHasNoPlaceInItsFigures() {
        Estimate estimate = new Estimate(3, 2, 4);
        Comparison first =
                new Comparison("", "w8a8", 2, 0.95, List.of(new MetricScores("sharpness", estimate, List.of())));
        Comparison second = new Comparison(
                "", "w4a8", 4, 0.95, List.of(new MetricScores("psnr", estimate, List.of(estimate, estimate))));
        Findings found =
                new Findings(List.of(), List.of(first, second), List.of(), List.of(), List.of(), List.of(), List.of());
        String page = HtmlReport.page(List.of(new RunFolder(folder, bare("evaluate", found))));
        assertThat(page.split("class=\"label strong\"", -1)).hasSize(3);
        assertThat(page)
                .contains("PSNR, dB at W4A8", "scored on 2 to 4 prompts", "bootstrapped over 2 to 4 prompts")
                .doesNotContain("PSNR, dB at W8A8");
    }

    @Test
    void aPageAboutManyMethodsHasNoTiles() {
        Findings found = sample.record().findings();
        PairedDifference pair = found.differences().getFirst();
        List<PairedDifference> pairs = new ArrayList<>(found.differences());
        pairs.add(new PairedDifference(
                pair.metric(),
                pair.setting(),
                "adaround",
                pair.rival(),
                pair.prompts(),
                pair.confidence(),
                pair.difference(),
                pair.ratio()));
        Findings many =
                new Findings(List.of(), found.comparisons(), pairs, List.of(), List.of(), List.of(), found.sizes());
        assertThat(HtmlReport.page(List.of(sample))).contains("class=\"tile\"");
        assertThat(HtmlReport.page(List.of(new RunFolder(folder, bare("compare", many)))))
                .doesNotContain("class=\"tile\"");
    }

    @Test
    void aRunThatFoundNothingStillSaysWhatItCost() {
        String page = HtmlReport.page(List.of(
                new RunFolder(folder, bare("pack --model <shapes>", Findings.NONE)),
                new RunFolder(folder, bare("inspect", Findings.NONE))));
        assertThat(page)
                .doesNotContain("section id=\"videos\"")
                .contains("<h3>pack --model &lt;shapes&gt;</h3>")
                .contains("0.4 s");
    }

    @Test
    void mediaThatTheFolderLacksAreNamed() {
        VideoSet set = new VideoSet(
                "a red circle",
                1,
                16,
                List.of(0),
                List.of(new VideoSet.Clip("full-precision", "bf16", "gone.mp4", null, 1)),
                null);
        Findings found = new Findings(List.of(set), List.of(), List.of(), List.of(), List.of(), List.of(), List.of());
        assertThatThrownBy(() -> HtmlReport.page(List.of(new RunFolder(folder, bare("demo", found)))))
                .hasMessageContaining("gone.mp4: no such file, though the run's record names it");
    }

    @Test
    void mediaOutsideTheFolderAreRefused() {
        assertThatThrownBy(() -> new RunFolder(folder, bare("demo", Findings.NONE)).bytes("../secret"))
                .hasMessageContaining("names a file outside its folder: ../secret");
    }
}
