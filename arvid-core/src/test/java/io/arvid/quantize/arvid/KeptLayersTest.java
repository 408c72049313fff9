package io.arvid.quantize.arvid;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteForward;
import io.arvid.model.SiteRole;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.TinyModel;
import io.arvid.quantize.fit.MinMaxWeightFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.Arrays;
import java.util.LinkedHashMap;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class KeptLayersTest {
    private static final int ENTRIES = 1000;

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    /** Roll-outs of a model in bfloat16 that quantizing {@code worst} hurts by 1.003, any other layer by 1: as bfloat16 both are 1. */
    private static CalibrationRollouts rollouts(LinearSite worst) {
        return new CalibrationRollouts() {
            @Override
            public int promptCount() {
                return 1;
            }

            @Override
            public int chunkCount() {
                return 1;
            }

            @Override
            public Tensor textStates(int prompt) {
                throw new IllegalStateException("no text is asked for");
            }

            @Override
            public Tensor latents(int prompt, SiteForward sites) {
                throw new IllegalStateException("roll-outs have names");
            }

            @Override
            public Tensor latents(String name, int prompt, SiteForward sites) {
                float[] values = new float[ENTRIES];
                Arrays.fill(values, name.equals("full-precision") ? 0 : 1);
                values[0] = name.startsWith(worst.name()) ? 2 : values[0];
                return Ops.to(Tensors.of(values, 1, 1, 1, 1, ENTRIES), DTypes.BF16);
            }
        };
    }

    @Test
    void errorsAreToldApartThatAreOneInBfloat16() {
        try (TinyModel tiny = new TinyModel(7);
                TensorScope scope = TensorScope.open()) {
            LinkedHashMap<LinearSite, ScaledLayer> layers = new LinkedHashMap<>();
            ScaledModel.of(tiny.model(), Scheme.staticPerTensor(4, 8), new MinMaxWeightFit())
                    .layers()
                    .forEach((site, layer) -> {
                        if (site.role() == SiteRole.SELF_Q) {
                            layers.put(site, layer);
                        }
                    });
            assertThat(layers).hasSize(2);
            LinearSite worst = layers.lastEntry().getKey();
            QuantContext context = QuantContext.of(tiny.model(), rollouts(worst));
            ScaledModel rest = new KeptLayers(2, 1).without(context, new ScaledModel(layers));
            assertThat(rest.layers()).containsOnlyKeys(layers.firstEntry().getKey());
        }
    }
}
