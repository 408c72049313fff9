package io.arvid.model.wan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.RolloutStep;
import io.arvid.model.SiteRole;
import io.arvid.model.TextContext;
import io.arvid.pack.TinyPlans;
import io.arvid.quantize.qarvd.OutlierDetection;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ChannelRescalingTest {
    private static final WanConfig CONFIG = TinyPlans.config();

    private TensorScope scope;
    private WeightMap source;

    @BeforeEach
    void open() {
        Torch.setThreads(1);
        scope = TensorScope.open();
        source = TinyPlans.weights(CONFIG, DTypes.BF16, 3);
    }

    @AfterEach
    void close() {
        source.close();
        scope.close();
    }

    private static ChannelRescaling.Settings settings(ChannelRescaling.Side side, int gain) {
        return new ChannelRescaling.Settings(side, 0.06, gain, ChannelRescaling.LAYERS, 5);
    }

    private static byte[] flow(Map<String, Tensor> weights) {
        try (WeightMap wide = WeightMap.of(weights).to(DTypes.F32);
                Seeds seeds = new Seeds(9);
                TextContext text = new TextContext(seeds.normal(1, 8, 40))) {
            WanTransformer model = new WanTransformer(CONFIG, wide);
            FullAttention attention =
                    new FullAttention(new WanRope(CONFIG.headDim()), WanRope.frames(0, 2), 2, 2, null);
            return Tensors.toBytes(model.forward(
                    seeds.normal(1, 2, 4, 4, 4),
                    Tensors.full(DTypes.F32, 500, 1, 1),
                    text,
                    RolloutStep.wholeClip(2, 500),
                    model.fullPrecision(),
                    attention));
        }
    }

    @Test
    void theFunctionIsTheSameBitForBit() {
        byte[] before = flow(source.entries());
        for (ChannelRescaling.Side side : ChannelRescaling.Side.values()) {
            ChannelRescaling.Rescaled rescaled = ChannelRescaling.rescale(CONFIG, source, settings(side, 64));
            assertThat(flow(rescaled.weights())).as(side.name()).isEqualTo(before);
        }
    }

    @Test
    void onlyTheTwoEndsOfAChannelChangeAndKeepTheirType() {
        ChannelRescaling.Rescaled rescaled =
                ChannelRescaling.rescale(CONFIG, source, settings(ChannelRescaling.Side.WEIGHTS, 16));
        Set<String> changed = source.names().stream()
                .filter(name -> !rescaled.weights().get(name).equal(source.get(name)))
                .map(name -> name.replaceFirst("blocks\\.\\d\\.", ""))
                .collect(Collectors.toSet());
        assertThat(changed)
                .containsExactlyInAnyOrder(
                        "self_attn.o.weight",
                        "self_attn.v.weight",
                        "self_attn.v.bias",
                        "cross_attn.o.weight",
                        "cross_attn.v.weight",
                        "cross_attn.v.bias",
                        "cross_attn.q.weight",
                        "norm3.weight",
                        "norm3.bias");
        assertThat(List.copyOf(rescaled.weights().keySet())).isEqualTo(List.copyOf(source.names()));
        rescaled.weights()
                .values()
                .forEach(tensor -> assertThat(DTypes.of(tensor)).isEqualTo(DTypes.BF16));
    }

    @Test
    void theDualScaleFindsWhatWasPlanted() {
        ChannelRescaling.Rescaled rescaled =
                ChannelRescaling.rescale(CONFIG, source, settings(ChannelRescaling.Side.WEIGHTS, 16));
        assertThat(rescaled.planted()).hasSize(3 * CONFIG.numLayers());
        OutlierDetection exact = new OutlierDetection(OutlierDetection.Rule.MAD, 3.5, 1.5, 1.2, 1);
        rescaled.planted().forEach(planted -> {
            assertThat(planted.gains()).hasSize(3);
            assertThat(planted.gains().values()).allMatch(gain -> gain == 4 || gain == 8 || gain == 16);
            Tensor weight = rescaled.weights().get(planted.site().name() + ".weight");
            List<Integer> found = java.util.Arrays.stream(
                            Tensors.toLongs(exact.find(weight, true).outliers()))
                    .mapToObj(channel -> (int) channel)
                    .toList();
            assertThat(found)
                    .as(planted.site().name())
                    .containsAll(planted.gains().keySet());
        });
    }

    @Test
    void whatCannotBeExactIsRefused() {
        assertThatThrownBy(() -> settings(ChannelRescaling.Side.WEIGHTS, 6)).hasMessageContaining("power of two");
        assertThatThrownBy(() -> new ChannelRescaling.Settings(
                        ChannelRescaling.Side.WEIGHTS, 0.1, 4, List.of(SiteRole.FFN_DOWN), 0))
                .hasMessageContaining("ffn.2");
        assertThatThrownBy(() -> ChannelRescaling.layer("ffn.0")).hasMessageContaining("cross_attn.q");
    }
}
