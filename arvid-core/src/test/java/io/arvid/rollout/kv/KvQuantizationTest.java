package io.arvid.rollout.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.rollout.kv.KvQuantization.Codes;
import java.util.List;
import org.junit.jupiter.api.Test;

class KvQuantizationTest {
    /** Four bits, and a step and a minimum of 16 bits each for 64 values. */
    private static final double FOUR_BITS = 4.5 / 16;

    private static KvQuantization exempting(int sink, int recent) {
        return new KvQuantization(Codes.INT4, 0, GroupedQuantizer.Axis.TOKENS, sink, recent, false, List.of());
    }

    @Test
    void chunksThatStayAsTheyAreCountInFull() {
        assertThat(exempting(0, 0).share(7, 2)).isEqualTo(FOUR_BITS);
        assertThat(exempting(1, 2).share(7, 2)).isCloseTo((3 + 4 * FOUR_BITS) / 7, within(1e-12));
        assertThat(exempting(1, 2).share(2, 2)).isEqualTo(1);
        assertThat(exempting(Integer.MAX_VALUE, Integer.MAX_VALUE).share(7, 2)).isEqualTo(1);
    }

    @Test
    void codesOfFloat32TakeTheBytesOfThoseOfBfloat16() {
        assertThat(exempting(0, 0).share(7, 4)).isEqualTo(FOUR_BITS / 2);
        assertThat(KvQuantization.of(Codes.NONE).share(7, 4)).isEqualTo(1);
    }
}
