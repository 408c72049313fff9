package io.arvid.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SlotWindowTest {
    @Test
    void globalCacheAppendsChunks() {
        SlotWindow window = new SlotWindow(9, 0, false, 9);
        assertThat(window.place(0, 3)).isEqualTo(new SlotWindow.Placement(0, 0, 0, 0, 3, 0));
        assertThat(window.place(3, 3)).isEqualTo(new SlotWindow.Placement(0, 0, 0, 3, 6, 0));
        assertThat(window.globalEnd()).isEqualTo(6);
    }

    @Test
    void aRepeatedPassOverwritesItsOwnSlots() {
        SlotWindow window = new SlotWindow(5, 1, true, 5);
        window.place(0, 2);
        window.place(2, 2);
        SlotWindow.Placement first = window.place(4, 2);
        SlotWindow.Placement again = window.place(4, 2);
        assertThat(first.moved()).isEqualTo(2);
        assertThat(again.moved()).isZero();
        assertThat(again.start()).isEqualTo(first.start()).isEqualTo(3);
        assertThat(window.localEnd()).isEqualTo(5);
    }

    @Test
    void attentionReadsNoMoreThanItsLimit() {
        SlotWindow window = new SlotWindow(8, 0, false, 5);
        window.place(0, 4);
        assertThat(window.place(4, 4).readFrom()).isEqualTo(3);
    }

    /** Plays the placements on an array of token numbers: the sink stays, behind it stand the newest tokens in order. */
    @ParameterizedTest
    @CsvSource({"6,0,2", "6,2,2", "7,3,2", "9,3,3", "5,1,2", "4,0,4"})
    void aFullLocalCacheHoldsTheSinkAndTheNewestTokens(int slots, int sink, int chunk) {
        SlotWindow window = new SlotWindow(slots, sink, true, slots);
        int[] tokens = new int[slots];
        for (int start = 0; start < 10 * chunk; start += chunk) {
            for (int pass = 0; pass < 3; pass++) {
                SlotWindow.Placement place = window.place(start, chunk);
                System.arraycopy(tokens, place.moveFrom(), tokens, place.moveTo(), place.moved());
                int first = start;
                Arrays.setAll(
                        tokens, i -> i >= place.start() && i < place.end() ? first + i - place.start() : tokens[i]);
            }
            int held = window.localEnd();
            int newest = start + chunk;
            int[] expected = IntStream.range(0, held)
                    .map(i -> i < sink ? i : newest - held + i)
                    .toArray();
            assertThat(Arrays.copyOf(tokens, held)).isEqualTo(expected);
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        SlotWindow window = new SlotWindow(4, 0, false, 4);
        window.place(0, 4);
        assertThatThrownBy(() -> window.place(4, 2)).hasMessageContaining("do not fit a cache of 4 slots");
    }
}
