package io.arvid.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DequantizedExportTest {
    @TempDir
    Path folder;

    private final WanConfig config = TinyPlans.config();
    private WeightMap weights;
    private QuantPlan plan;

    @BeforeEach
    void makeAPlan() {
        Torch.setThreads(1);
        weights = TinyPlans.weights(config, DTypes.F32, 1);
        plan = TinyPlans.plan(config, weights, TinyPlans::mixed);
    }

    @AfterEach
    void close() {
        plan.close();
        weights.close();
    }

    private PackedModelFile packed(SourceLayout layout) {
        Path place = folder.resolve("packed");
        Packer.write(place, plan, new PackedSource(weights, new JsonMapper().valueToTree(config), layout, null));
        return PackedModelFile.open(place);
    }

    /** Two bf16 roundings, of weight and bias, on top of float32 sums. */
    @Test
    void exportedLayersComputeWhatThePlanSaysOfUnroundedInputs() {
        try (PackedModelFile packed = packed(SourceLayout.WAN);
                WeightMap exported = DequantizedExport.weights(packed);
                WeightMap wide = exported.to(DTypes.F32);
                QuantPlan weightsOnly = plan.weightsOnly();
                FakeQuantForward simulated = new FakeQuantForward(new WanTransformer(config, weights), weightsOnly);
                TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(4)) {
            SiteForward ordinary = new WanTransformer(config, wide).fullPrecision();
            RolloutStep step = RolloutStep.wholeClip(1, 0);
            plan.layers().keySet().forEach(site -> {
                Tensor x = seeds.normal(5, site.inFeatures());
                Tensor expected = simulated.apply(site, step, x);
                Tensor actual = ordinary.apply(site, step, x);
                Tensor bound = Ops.mul(
                        Ops.linear(x.abs(), wide.get(site.name() + ".weight").abs(), null), 0x1p-8);
                Tensor excess = actual.sub(expected).abs().sub(Ops.add(bound, 0x1p-8));
                assertThat(Tensors.item(Ops.amax(excess, false, 0, 1)))
                        .as(site.name())
                        .isLessThan(0);
            });
        }
    }

    @Test
    void wanKeysComeBackBare() {
        Path target = folder.resolve("wan.safetensors");
        try (PackedModelFile packed = packed(SourceLayout.WAN)) {
            DequantizedExport.write(packed, target);
        }
        try (WeightMap read = SafetensorsFile.open(target)) {
            read.requireShapes("export", config.parameterShapes());
            read.entries().values().forEach(t -> assertThat(DTypes.of(t)).isEqualTo(DTypes.BF16));
        }
    }

    @Test
    void selfForcingKeysComeBackWithTheirPrefixInBothGenerators() throws IOException {
        Path target = folder.resolve("self_forcing_dmd.pt");
        try (PackedModelFile packed = packed(SourceLayout.SELF_FORCING);
                WeightMap expected = DequantizedExport.weights(packed)) {
            DequantizedExport.write(packed, target);
            try (ZipFile zip = new ZipFile(target.toFile())) {
                String structure = new String(
                        zip.getInputStream(zip.getEntry("self_forcing_dmd/data.pkl"))
                                .readAllBytes(),
                        StandardCharsets.ISO_8859_1);
                assertThat(structure).contains("generator_ema", "model.blocks.1.ffn.2.weight");
                // Both generators share their storages.
                assertThat(zip.stream().map(ZipEntry::getName).filter(name -> name.contains("/data/")))
                        .hasSize(expected.names().size());
                byte[] first = zip.getInputStream(zip.getEntry("self_forcing_dmd/data/0"))
                        .readAllBytes();
                assertThat(first)
                        .isEqualTo(
                                Tensors.toBytes(expected.entries().firstEntry().getValue()));
            }
        }
    }

    @Test
    void storagesLieOnBoundariesOf64Bytes() throws IOException {
        Path target = folder.resolve("aligned.pt");
        try (PackedModelFile packed = packed(SourceLayout.SELF_FORCING);
                WeightMap expected = DequantizedExport.weights(packed)) {
            DequantizedExport.write(packed, target);
            String file = Files.readString(target, StandardCharsets.ISO_8859_1);
            byte[] patch = Tensors.toBytes(expected.get("patch_embedding.weight"));
            int at = file.indexOf(new String(patch, StandardCharsets.ISO_8859_1));
            assertThat(at).isPositive();
            assertThat(at % 64).isZero();
        }
    }

    @Test
    void aNameOfAnotherFormatIsRefused() {
        Path target = folder.resolve("out.pt");
        try (PackedModelFile packed = packed(SourceLayout.WAN)) {
            assertThatThrownBy(() -> DequantizedExport.write(packed, target))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("out.pt: would be a safetensors file; let its name end in .safetensors");
        }
        assertThat(target).doesNotExist();
    }

    @Test
    void aPyTorchFileIsCalledOne() {
        try (PackedModelFile packed = packed(SourceLayout.SELF_FORCING)) {
            assertThatThrownBy(() -> DequantizedExport.write(packed, folder.resolve("out.bin")))
                    .hasMessageContaining("would be a PyTorch file; let its name end in .pt or .pth");
        }
    }

    @Test
    void anExistingFileIsRefused() throws IOException {
        Path target = Files.writeString(folder.resolve("mine.pt"), "mine");
        try (PackedModelFile packed = packed(SourceLayout.SELF_FORCING)) {
            assertThatThrownBy(() -> DequantizedExport.write(packed, target))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("exists already");
        }
        assertThat(target).hasContent("mine");
    }
}
