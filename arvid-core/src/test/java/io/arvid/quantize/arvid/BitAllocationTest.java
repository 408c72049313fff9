package io.arvid.quantize.arvid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BitAllocationTest {
    private static final int[] WIDTHS = {4, 6, 8};

    @Test
    void spendsBitsWhereErrorsAreLarge() {
        double[][] errors = {{90, 20, 1}, {9, 2, 0.1}, {0.9, 0.2, 0.01}};
        assertThat(BitAllocation.allocate(errors, WIDTHS, 6)).containsExactly(2, 1, 0);
    }

    /** All 27 ways by hand: 8 + 4 + 6 has the least sum, 1 + 5 + 2. */
    @Test
    void isExactWhereGreedyIsNot() {
        double[][] errors = {{50, 30, 1}, {5, 4, 3}, {9, 2, 1.9}};
        assertThat(BitAllocation.allocate(errors, WIDTHS, 6)).containsExactly(2, 0, 1);
    }

    @Test
    void refusesABudgetThatNoWidthFits() {
        assertThatThrownBy(() -> BitAllocation.allocate(new double[2][3], WIDTHS, 3.5))
                .hasMessageContaining("3.5");
    }

    @Test
    void refusesErrorsThatWereNotMeasured() {
        double[][] errors = {{Double.NaN, 1, 1}};
        assertThatThrownBy(() -> BitAllocation.allocate(errors, WIDTHS, 6)).hasMessageContaining("no numbers");
    }
}
