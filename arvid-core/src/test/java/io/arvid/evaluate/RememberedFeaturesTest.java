package io.arvid.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class RememberedFeaturesTest {
    /** Counts the videos that it is asked for; their feature is their number of frames. */
    private static final class Counting implements VideoFeatures {
        private int asked;

        @Override
        public float[] of(Tensor video) {
            asked++;
            return new float[] {video.size(0)};
        }

        @Override
        public String id() {
            return "counting";
        }

        @Override
        public int fewestFrames() {
            return 1;
        }

        @Override
        public void close() {}
    }

    @Test
    void referencesAreComputedOnceAndOtherVideosEachTime() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor reference = Tensors.zeros(DTypes.F32, 8, 3, 2, 2);
            Tensor other = Tensors.zeros(DTypes.F32, 8, 3, 2, 2);
            Counting network = new Counting();
            VideoFeatures features = new RememberedFeatures(network, List.of(reference));
            List<float[]> first = features.ofWholeAndChunks(reference, List.of(0, 4));
            assertThat(features.ofWholeAndChunks(reference, List.of(0, 4))).isEqualTo(first);
            assertThat(network.asked).isEqualTo(3);
            assertThat(features.ofWholeAndChunks(reference, List.of(0, 2, 4))).hasSize(4);
            assertThat(network.asked).isEqualTo(7);
            features.ofWholeAndChunks(other, List.of(0, 4));
            features.ofWholeAndChunks(other, List.of(0, 4));
            assertThat(network.asked).isEqualTo(13);
        }
    }
}
