package io.arvid.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.quantize.qarvd.Sensitivity;
import io.arvid.record.Estimate;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SensitivitySharesTest {
    /** Large errors of four prompts fall on the first chunk, small errors of four others on the second: the errors of all fall on the first. */
    @Test
    void theIntervalIsThatOfTheShareItself() {
        Sensitivity measured =
                new Sensitivity(List.of(errors(900, 0.1), errors(100, 0.9)), errors(0, 0), errors(900, 0.1));
        Estimate share = SensitivityShares.of(measured, "w4a8").share().getFirst();
        assertThat(share.mean()).isCloseTo(measured.alpha()[0], within(1e-12));
        assertThat(share.low()).isBetween(0.89, share.mean());
        assertThat(share.high()).isBetween(share.mean(), 0.9 + 1e-9);
    }

    private static List<List<Double>> errors(double large, double small) {
        return IntStream.range(0, 8)
                .mapToObj(prompt -> List.of(prompt < 4 ? large : small))
                .toList();
    }
}
