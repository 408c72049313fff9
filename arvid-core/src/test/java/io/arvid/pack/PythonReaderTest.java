package io.arvid.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.wan.WanConfig;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reader in {@code docs/} sees the weights that arvid sees. Runs where ARVID_PYTHON names a Python with numpy and safetensors. */
class PythonReaderTest {
    @TempDir
    Path folder;

    @Test
    void readsTheSameWeights() throws IOException, InterruptedException {
        String python = System.getenv("ARVID_PYTHON");
        assumeTrue(python != null, "ARVID_PYTHON names no Python with numpy and safetensors");
        Torch.setThreads(1);
        WanConfig config = TinyPlans.config();
        Path packed = folder.resolve("packed");
        Path target = folder.resolve("weights.safetensors");
        try (WeightMap weights = TinyPlans.weights(config, DTypes.F32, 1);
                QuantPlan mixed = TinyPlans.plan(config, weights, TinyPlans::mixed);
                QuantPlan plan = new QuantPlan(
                        "test",
                        mixed.layers(),
                        new KvPlan.ByChunk(List.of(16, 8, 2), 0, GroupedQuantizer.Axis.TOKENS));
                TensorScope scope = TensorScope.open()) {
            Packer.write(
                    packed,
                    plan,
                    new PackedSource(weights, new JsonMapper().valueToTree(config), SourceLayout.WAN, null));
            Process process = new ProcessBuilder(
                            python, Path.of("..", "docs", "read_packed.py").toString(), "" + packed, "" + target)
                    .inheritIO()
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            assertThat(process.waitFor()).isZero();
            try (WeightMap read = SafetensorsFile.open(target)) {
                plan.layers().forEach((site, layer) -> {
                    Tensor expected = DequantizedLayer.of(layer, weights.get(site.name() + ".bias"))
                            .weight();
                    Tensor difference =
                            read.get(site.name() + ".weight").sub(expected).abs();
                    // float32 sums of a rotation's block and a low-rank product
                    assertThat(Tensors.item(Ops.amax(difference, false, 0, 1)))
                            .as(site.name())
                            .isLessThan(1e-5);
                });
            }
        }
    }
}
