package io.arvid.quantize.arvid;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.SensitivityLog;
import io.arvid.model.SiteForward;
import io.arvid.quantize.ForwardedRollouts;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.TinyModel;
import io.arvid.quantize.fit.MinMaxWeightFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChunkBitsTest {
    private static final ArvidRecipe RECIPE =
            (ArvidRecipe) RecipeFile.parse("""
            {
              "method": "arvid",
              "scheme": {
                "weights": {"grid": {"bits": 4, "symmetric": false}, "at": "per-channel"},
                "inputs": {"rule": "dynamic", "grid": {"bits": 8, "symmetric": false}, "at": "per-token"},
                "skip": ["time_embedding", "time_projection", "head"],
                "kv": {"rule": "full"}
              },
              "sensitivityPrompts": 1,
              "chunkBits": {"widths": [4, 8], "average": 6}
            }
            """).recipe();

    @TempDir
    Path folder;

    private final AtomicInteger computed = new AtomicInteger();

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    /** One prompt of {@code tiny}, whose roll-outs are counted. */
    private CalibrationRollouts counted(TinyModel tiny) {
        return new ForwardedRollouts(tiny.rollouts(1)) {
            @Override
            public Tensor latents(int prompt, SiteForward sites) {
                computed.incrementAndGet();
                return super.latents(prompt, sites);
            }
        };
    }

    /** How the inputs of every layer are quantized, by a run of its own that finds what earlier ones logged. */
    private List<InputPlan> chosen(TinyModel tiny) {
        try (TensorScope scope = TensorScope.open()) {
            QuantContext context = QuantContext.of(tiny.model(), counted(tiny))
                    .withSensitivityLog(SensitivityLog.at(folder.resolve("log.json"), "key"));
            ScaledModel scaled = ScaledModel.of(tiny.model(), RECIPE.scheme(), new MinMaxWeightFit());
            return RECIPE.chunkBits().choose(context, scaled, RECIPE).layers().values().stream()
                    .map(ScaledLayer::input)
                    .toList();
        }
    }

    @Test
    void errorsThatAnInterruptedRunMeasuredAreNotMeasuredAgain() {
        try (TinyModel tiny = new TinyModel(7)) {
            List<InputPlan> first = chosen(tiny);
            assertThat(computed.getAndSet(0))
                    .as("two widths: six roll-outs each")
                    .isEqualTo(12);
            assertThat(chosen(tiny)).isEqualTo(first);
            assertThat(computed.get()).isZero();
        }
    }
}
