package io.arvid.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.rollout.DenseKvStore;
import io.arvid.rollout.KvStore;
import io.arvid.rollout.NoiseSource;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutConfig;
import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.rollout.kv.KvQuantization;
import io.arvid.weights.WeightMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What needs a GPU; says why it is skipped where there is none. */
@Tag("gpu")
class DevicesGpuTest {
    private static final WanConfig CONFIG = new WanConfig(48, 64, 2, 2, 16, 16, 8, 4, 4, new int[] {1, 2, 2}, 1e-6);

    @BeforeEach
    void requireGpu() {
        if (!Torch.hasCuda()) {
            System.err.println("skipped, no GPU: "
                    + (Torch.isBuiltForCuda() ? "libtorch finds none" : "libtorch is built for the CPU only"));
        }
        assumeTrue(Torch.hasCuda(), "no GPU");
    }

    @AfterEach
    void backToTheProcessor() {
        Devices.use(Devices.CPU);
    }

    private static float[] latents(Devices device, KvStore.Factory stores) {
        Devices.use(device);
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(4)) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            CONFIG.parameterShapes().forEach((name, shape) -> weights.put(name, Ops.mul(seeds.normal(shape), 0.2)));
            WanTransformer model = new WanTransformer(CONFIG, WeightMap.of(weights));
            Tensor text = seeds.normal(1, CONFIG.textLen(), CONFIG.textDim());
            Tensor noise = seeds.normal(1, 6, CONFIG.inDim(), 8, 8);
            Rollout rollout = new Rollout(model, RolloutConfig.selfForcing()).with(stores);
            return Tensors.toFloats(rollout.run(noise, text, NoiseSource.seeded(seeds)));
        }
    }

    /** Float32 on both, sums in another order: 35 layers of products of at most 64 terms, each 2^-24. */
    @Test
    void aRollOutOnTheGpuEqualsThatOnTheProcessor() {
        assertClose(latents(Devices.of("cuda"), DenseKvStore::new), latents(Devices.CPU, DenseKvStore::new));
    }

    /** Attention tile by tile, over chunks that all stay as they are: rounded ones could fall to either side of a half. */
    @Test
    void aCacheInTilesOnTheGpuIsThatOnTheProcessor() {
        KvQuantization codesOfNothing = new KvQuantization(
                KvQuantization.Codes.INT8, 0, GroupedQuantizer.Axis.TOKENS, 100, 0, false, List.of());
        KvStore.Factory tiles = codesOfNothing.stores();
        assertClose(latents(Devices.of("cuda"), tiles), latents(Devices.CPU, tiles));
    }

    /** Codes are made and read back on the GPU. */
    @ParameterizedTest
    @EnumSource(KvQuantization.Codes.class)
    void aCacheInFewBitsRunsOnTheGpu(KvQuantization.Codes codes) {
        KvStore.Factory stores = KvQuantization.of(codes).stores();
        for (float value : latents(Devices.of("cuda"), stores)) {
            assertThat(value).isFinite();
        }
    }

    private static void assertClose(float[] gpu, float[] processor) {
        for (int i = 0; i < processor.length; i++) {
            assertThat(gpu[i]).isCloseTo(processor[i], org.assertj.core.data.Offset.offset(1e-3f));
        }
    }
}
