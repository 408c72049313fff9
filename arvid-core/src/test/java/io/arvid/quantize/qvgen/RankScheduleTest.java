package io.arvid.quantize.qvgen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RankScheduleTest {
    private static final double HALF_ROOT = Math.sqrt(0.5) / 2;

    @Test
    void gammaFollowsTheTable() {
        RankSchedule schedule = new RankSchedule(4, 4, 2, RankSchedule.Decay.COSINE);
        double[][] table = {
            {1, 1, 1, 1}, // warm-up
            {1, 1, 1, 1},
            {1, 1, 1, 1}, // rank 4
            {1, 1, 0.5 + HALF_ROOT, 0.5 + HALF_ROOT},
            {1, 1, 0.5, 0.5},
            {1, 1, 0.5 - HALF_ROOT, 0.5 - HALF_ROOT},
            {1, 1, 0, 0}, // rank 2
            {1, 0.5 + HALF_ROOT, 0, 0},
            {1, 0.5, 0, 0},
            {1, 0.5 - HALF_ROOT, 0, 0},
            {1, 0, 0, 0}, // rank 1
            {0.5 + HALF_ROOT, 0, 0, 0},
            {0.5, 0, 0, 0},
            {0.5 - HALF_ROOT, 0, 0, 0},
            {0, 0, 0, 0}, // gone
            {0, 0, 0, 0}
        };
        int[] ranks = {4, 4, 4, 4, 4, 4, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0};
        for (int step = 0; step < table.length; step++) {
            assertThat(schedule.rank(step)).as("rank of step " + step).isEqualTo(ranks[step]);
            assertThat(schedule.isBoundary(step)).isEqualTo(step == 6 || step == 10 || step == 14);
            for (int k = 0; k < 4; k++) {
                assertThat(schedule.gamma(step)[k])
                        .as("γ" + k + " of step " + step)
                        .isCloseTo(table[step][k], within(1e-15));
            }
        }
    }

    @Test
    void theLinearDecayIsEven() {
        RankSchedule schedule = new RankSchedule(2, 4, 0, RankSchedule.Decay.LINEAR);
        assertThat(schedule.gamma(3)).containsExactly(1, 0.25);
        assertThat(schedule.gamma(5)).containsExactly(0.75, 0);
    }

    @Test
    void rank32HasSixPhases() {
        assertThat(RankSchedule.phases(32)).isEqualTo(6);
        assertThat(new RankSchedule(32, 444, 0, RankSchedule.Decay.COSINE).rank(2663))
                .isEqualTo(1);
        assertThat(new RankSchedule(32, 444, 0, RankSchedule.Decay.COSINE).rank(2664))
                .isZero();
        assertThat(new RankSchedule(0, 1, 0, RankSchedule.Decay.COSINE).rank(0)).isZero();
    }

    @Test
    void aRankThatCannotBeHalvedIsRefused() {
        assertThatThrownBy(() -> new RankSchedule(24, 10, 0, RankSchedule.Decay.COSINE))
                .hasMessageContaining("24");
    }

    @Test
    void bucketsFollowPaperOrCode() {
        assertThat(new TimestepBuckets(50, Follow.PAPER).of(999)).isEqualTo(49);
        assertThat(new TimestepBuckets(50, Follow.PAPER).of(937.5)).isEqualTo(46);
        assertThat(new TimestepBuckets(50, Follow.PAPER).of(1000)).isEqualTo(49);
        assertThat(new TimestepBuckets(50, Follow.CODE).of(937.5)).isEqualTo(37);
        assertThat(new TimestepBuckets(50, Follow.CODE).of(1000)).isZero();
    }
}
