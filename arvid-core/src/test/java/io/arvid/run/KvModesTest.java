package io.arvid.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.record.FindingTable;
import java.util.List;
import org.junit.jupiter.api.Test;

class KvModesTest {
    @Test
    void chunksAreCountedFromOneAsInTheFigures() {
        FindingTable table = KvModes.table(List.of(
                new KvModes.Mode("none", 2_000_000, 1.5, List.of(0.0, 0.0)),
                new KvModes.Mode("int4", 500_000, 1.25, List.of(1e-4, 2e-4))));
        assertThat(table.headings()).containsExactly("Cache", "MB", "of none", "Seconds", "Chunk 1", "Chunk 2");
        assertThat(table.rows().getLast()).containsExactly("int4", "0.50", "0.250", "1.25", "1.0e-04", "2.0e-04");
    }
}
