package io.arvid.verify;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CaseReportTest {
    private static final double[] NONE = {};
    private static final double[] ONE = {1};
    private static final double[] TWO = {1, 2};

    private static boolean passes(double[] actual, double[] expected, Tolerance tolerance) {
        CaseReport report = new CaseReport();
        report.expect("scores", actual, expected, tolerance);
        return report.passed();
    }

    @Test
    void anotherCountOfNumbersFails() {
        assertThat(passes(TWO, TWO, Tolerance.EXACT)).isTrue();
        assertThat(passes(TWO, ONE, Tolerance.EXACT)).isFalse();
        assertThat(passes(ONE, TWO, Tolerance.EXACT)).isFalse();
        assertThat(passes(ONE, NONE, Tolerance.EXACT)).isFalse();
    }

    @Test
    void whatIsNoNumberFailsAtAnyTolerance() {
        Tolerance wide = new Tolerance(1e9, 1e9);
        double[] notANumber = {Double.NaN};
        double[] infinite = {Double.POSITIVE_INFINITY};
        assertThat(passes(notANumber, ONE, wide)).isFalse();
        assertThat(passes(ONE, infinite, wide)).isFalse();
    }

    @Test
    void aCaseThatComparesNothingHasNotPassed() {
        assertThat(new CaseReport().passed()).isFalse();
    }
}
