package io.arvid.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.rollout.ChunkPlan.Chunk;
import org.junit.jupiter.api.Test;

class ChunkPlanTest {
    private static RolloutConfig config(int framesPerChunk, boolean independentFirstFrame) {
        return new RolloutConfig(framesPerChunk, independentFirstFrame, new int[] {1000}, null, true, 5, 0, -1, 0);
    }

    @Test
    void eightyOneFramesAreSevenChunksOfThree() {
        ChunkPlan plan = ChunkPlan.of(config(3, false), 0, 21);
        assertThat(plan.given()).isEmpty();
        assertThat(plan.generated()).hasSize(7).endsWith(new Chunk(6, 18, 3));
        assertThat(plan.frameCount()).isEqualTo(21);
    }

    @Test
    void anIndependentFirstFrameIsAChunkOfItsOwn() {
        ChunkPlan plan = ChunkPlan.of(config(3, true), 0, 7);
        assertThat(plan.generated()).containsExactly(new Chunk(0, 0, 1), new Chunk(1, 1, 3), new Chunk(2, 4, 3));
    }

    @Test
    void aGivenImageTakesThePlaceOfTheIndependentFirstFrame() {
        ChunkPlan plan = ChunkPlan.of(config(3, true), 1, 6);
        assertThat(plan.given()).containsExactly(new Chunk(-1, 0, 1));
        assertThat(plan.generated()).containsExactly(new Chunk(0, 1, 3), new Chunk(1, 4, 3));
    }

    @Test
    void givenChunksCountUpToMinusOne() {
        ChunkPlan plan = ChunkPlan.of(config(2, false), 4, 2);
        assertThat(plan.given()).containsExactly(new Chunk(-2, 0, 2), new Chunk(-1, 2, 2));
        assertThat(plan.generated()).containsExactly(new Chunk(0, 4, 2));
    }

    @Test
    void framesThatDoNotSplitNameTheNearestCounts() {
        assertThatThrownBy(() -> ChunkPlan.of(config(3, false), 0, 20))
                .hasMessage("20 noise frames do not split into chunks of 3; the nearest counts are 18 and 21");
        assertThatThrownBy(() -> ChunkPlan.of(config(3, true), 0, 21))
                .hasMessageContaining("after a first frame of its own; the nearest counts are 19 and 22");
        assertThatThrownBy(() -> ChunkPlan.of(config(3, false), 1, 21))
                .hasMessage("1 given frames do not split into chunks of 3; the nearest counts are 0 and 3");
    }
}
