package io.arvid.model.wan;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class TinyStreamingTest {
    /** Sums of some hundred float32 terms in another order, each 2^-24 of the largest, through thirty layers. */
    private static final float ROUNDING = 1e-5f;

    @Test
    void piecesTogetherEqualTheWhole() {
        TinyVideoAutoencoder.Config config = new TinyVideoAutoencoder.Config(8, new int[] {16, 8, 8, 8}, 4);
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(6)) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            config.parameterShapes().forEach((name, shape) -> weights.put(name, Ops.mul(seeds.normal(shape), 0.2)));
            TinyVideoAutoencoder tiny = new TinyVideoAutoencoder(config, WeightMap.of(weights));
            Tensor latents = seeds.normal(1, 5, 4, 4, 6);
            float[] whole = Tensors.toFloats(tiny.decode(latents));
            try (TinyVideoAutoencoder.Decoding stream = tiny.startDecoding()) {
                Tensor pieces = Ops.cat(
                        1,
                        stream.decode(Ops.slice(latents, 1, 0, 1)),
                        stream.decode(Ops.slice(latents, 1, 1, 4)),
                        stream.decode(Ops.slice(latents, 1, 4, 5)));
                float[] streamed = Tensors.toFloats(pieces);
                assertThat(streamed).hasSameSizeAs(whole);
                float largest = 0;
                for (float value : whole) {
                    largest = Math.max(largest, Math.abs(value));
                }
                for (int i = 0; i < whole.length; i++) {
                    assertThat(streamed[i])
                            .isCloseTo(whole[i], org.assertj.core.data.Offset.offset(ROUNDING * largest));
                }
            }
        }
    }
}
