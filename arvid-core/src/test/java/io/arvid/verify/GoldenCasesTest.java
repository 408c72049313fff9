package io.arvid.verify;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Golden ring: every case in {@code testdata/golden} passes at the tolerance that it states. */
class GoldenCasesTest {
    private static final Path ROOT = Path.of("..", "testdata", "golden");

    @BeforeAll
    static void useOneThread() {
        Torch.setThreads(1);
    }

    static List<Path> cases() {
        return GoldenCases.find(ROOT);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheReference(Path folder) {
        GoldenCases.Result result = GoldenCases.run(folder);
        assertThat(result.outcome()).as(result.line()).isEqualTo(GoldenCases.Outcome.PASS);
    }

    @Test
    void thereAreCases() {
        assertThat(cases()).isNotEmpty();
    }
}
