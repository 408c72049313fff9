package io.arvid.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.weights.FileHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunRecordTest {
    @TempDir
    Path folder;

    private static RunRecord sample() {
        return new RunRecord(
                "arvid quantize --recipe recipes/q-arvd-w4a8.json",
                "2026-11-21T22:00:00Z",
                new SourceStamp("0123456789abcdef", true),
                "shapes",
                FileHash.of("weights"),
                List.of(new RecipeStamp("q-arvd-w4a8", "q-arvd", "w4a8", "0123456789ab")),
                Map.of("noise", 42L),
                MachineStamp.here(),
                List.of(new StageRecord("calibrate", 35, 12.5, 1_000_000), new StageRecord("pack", 1, 0.5, 2_000_000)),
                Findings.NONE);
    }

    @Test
    void jsonReadsBackAsTheSameRecord() throws IOException {
        RunRecord record = sample();
        Files.writeString(folder.resolve(RunRecord.FILE_NAME), record.toJson());
        assertThat(RunRecord.read(folder)).isEqualTo(record);
        assertThat(record.peakBytes()).isEqualTo(2_000_000);
    }

    @Test
    void aListThatTheFileLacksIsEmpty() throws IOException {
        Files.writeString(folder.resolve(RunRecord.FILE_NAME), """
                {"command": "demo", "findings": {"sizes": [{"method": "q-arvd", "setting": "w4a8", "bytes": 50, "parameters": 100}]}}
                """);
        Findings findings = RunRecord.read(folder).findings();
        assertThat(findings.videos()).isEmpty();
        assertThat(findings.sizes().getFirst().bitsPerParameter()).isEqualTo(4);
    }

    @Test
    void aBrokenFileIsNamedInOneLine() throws IOException {
        Files.writeString(folder.resolve(RunRecord.FILE_NAME), "{\"command\": ");
        assertThatThrownBy(() -> RunRecord.read(folder))
                .hasMessageContaining("run.json: no record of a run")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    @Test
    void sourceOutsideACheckoutIsUnknown() {
        assertThat(SourceStamp.of(folder)).isEqualTo(SourceStamp.UNKNOWN);
        assertThat(new SourceStamp("0123456789abcdef", true).brief()).isEqualTo("0123456789+");
    }

    @Test
    void theClockNotesStagesWithinStages() {
        StageClock clock = new StageClock(Progress.SILENT);
        try (Progress.Stage outer = clock.begin("outer", 2)) {
            try (Progress.Stage inner = clock.begin("inner", 3)) {
                inner.step(3);
            }
            outer.step();
        }
        assertThat(clock.stages()).extracting(StageRecord::name).containsExactly("inner", "outer");
        assertThat(clock.stages()).extracting(StageRecord::steps).containsExactly(3L, 1L);
        StageRecord inner = clock.stages().get(0);
        StageRecord outer = clock.stages().get(1);
        assertThat(outer.seconds()).isGreaterThanOrEqualTo(inner.seconds());
        assertThat(outer.peakBytes()).isGreaterThanOrEqualTo(inner.peakBytes());
    }
}
