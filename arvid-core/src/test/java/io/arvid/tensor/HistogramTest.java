package io.arvid.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class HistogramTest {
    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    /** 2^24 + 100 of one value: as a float32 that is counted up by one it would stay at 2^24. */
    @Test
    void aBinCountsMoreEntriesThanAFloatCanCountUpTo() {
        int entries = (1 << 24) + 100;
        try (TensorScope scope = TensorScope.open()) {
            float[] counts = Tensors.toFloats(Ops.histogram(Tensors.zeros(DTypes.F32, entries), 4, -2, 2));
            assertThat(counts).containsExactly(0, 0, entries, 0);
        }
    }

    @Test
    void countsAreThoseOfEveryEntry() {
        try (TensorScope scope = TensorScope.open()) {
            float[] values = {-2, -1.5f, -0.5f, 0.5f, 1.5f, 1.6f, 2, 7};
            float[] counts = Tensors.toFloats(Ops.histogram(Tensors.of(values, 2, 4), 4, -2, 2));
            assertThat(counts).containsExactly(2, 1, 1, 3);
        }
    }
}
