package io.arvid.quantize.arvid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.quantize.CachedRollouts;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.TinyModel;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.tensor.Torch;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class KvBitsTest {
    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    /** The last chunk, which is in no row, takes the width of the one before it. */
    @Test
    void bitsGoWhereTheDamageIsLargest() {
        double[][] errors = {{90, 20, 1, 0}, {9, 2, 0.1, 0}, {0.9, 0.2, 0.01, 0}};
        assertThat(new KvBits(List.of(16, 8, 4, 2), 6).choose(errors)).containsExactly(8, 8, 2, 2);
        assertThat(new KvBits(List.of(2, 4, 8, 16), 16).choose(errors)).containsExactly(16, 16, 16, 16);
    }

    @Test
    void theLastChunkKeepsToTheBudgetWhereTheOneBeforeItDoesNot() {
        double[][] errors = {{0, 0, 0, 0}, {90, 20, 10, 0}};
        assertThat(new KvBits(List.of(2, 4, 8, 16), 9).choose(errors)).containsExactly(2, 16, 8);
        assertThat(new KvBits(List.of(4, 8), 5).choose(new double[0][2])).containsExactly(4);
    }

    @Test
    void theDamageOfOneChunkIsThatOfItsCodes() {
        KvPlan.Grouped groups = new KvPlan.Grouped(4, 0, GroupedQuantizer.Axis.TOKENS);
        try (TinyModel tiny = new TinyModel(7);
                CachedRollouts cached = new CachedRollouts(tiny.model(), 2, 3)) {
            QuantContext context = QuantContext.of(tiny.model(), cached.rollouts());
            double[][] errors = new CacheSensitivity(context, groups, List.of(2, 8, 16)).measure(2);
            assertThat(errors).hasDimensions(2, 3);
            for (double[] ofChunk : errors) {
                assertThat(ofChunk[0]).isGreaterThan(ofChunk[1]);
                assertThat(ofChunk[1]).isPositive();
                assertThat(ofChunk[2]).isZero();
            }
        }
    }

    @Test
    void rolloutsWithoutACacheRefuse() {
        KvPlan.Grouped groups = new KvPlan.Grouped(4, 0, GroupedQuantizer.Axis.TOKENS);
        try (TinyModel tiny = new TinyModel(7)) {
            QuantContext context = QuantContext.of(tiny.model(), tiny.rollouts(1));
            assertThatThrownBy(() -> new CacheSensitivity(context, groups, List.of(2)).measure(1))
                    .hasMessageContaining("cannot be tried on these roll-outs");
        }
    }
}
