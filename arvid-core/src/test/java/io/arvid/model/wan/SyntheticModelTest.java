package io.arvid.model.wan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.LinearSite;
import io.arvid.model.SiteRole;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Synthetic models have the true names and shapes, are reproducible, keep variance and have their outliers where they belong. */
class SyntheticModelTest {
    private static final WanConfig SMALL =
            new WanConfig(256, 1024, 2, 3, 64, 96, 16, 16, 16, new int[] {1, 2, 2}, 1e-6);

    @TempDir
    Path folder;

    @BeforeAll
    static void useOneThread() {
        Torch.setThreads(1);
    }

    @Test
    void theFileIsRecognisedCompleteAndMarked() {
        write("a", SMALL, 1);
        ModelCard card = Checkpoints.inspectFolder(folder.resolve("a")).getFirst();

        assertThat(card.isComplete()).isTrue();
        assertThat(card.origin()).isEqualTo(ModelCard.Origin.SYNTHETIC);
        assertThat(card.config()).usingRecursiveComparison().isEqualTo(SMALL);
        assertThat(card.parametersByType()).containsOnlyKeys(DTypes.BF16);
        assertThat(card.parameters()).isEqualTo(SyntheticModel.valueCount(SMALL, List.of()));
    }

    @Test
    void theSameSeedGivesTheSameBytesAndAnotherOthers() throws IOException {
        write("a", SMALL, 1);
        write("b", SMALL, 1);
        write("c", SMALL, 2);
        assertThat(file("b")).hasSameBinaryContentAs(file("a"));
        assertThat(Files.mismatch(file("a"), file("c"))).isNotNegative();
    }

    @Test
    void fewerBlocksAreTheFirstOfMore() {
        write("a", SMALL, 1);
        write("b", SMALL.withLayers(1), 1);
        try (WeightMap all = open("a");
                WeightMap first = open("b")) {
            first.entries()
                    .forEach((name, tensor) ->
                            assertThat(Tensors.toBytes(tensor)).as(name).isEqualTo(Tensors.toBytes(all.get(name))));
        }
    }

    @Test
    void outliersAreWorstInFfnDownAndAbsentFromCrossValues() {
        write("a", SMALL, 1);
        try (WeightMap weights = open("a")) {
            Map<SiteRole, Double> largest = new EnumMap<>(SiteRole.class);
            for (LinearSite site : SMALL.sites()) {
                double[] norms = columnNorms(weights, site);
                double[] sorted = norms.clone();
                Arrays.sort(sorted);
                double ratio = sorted[sorted.length - 1] / sorted[sorted.length / 2];
                largest.merge(site.role(), ratio, Math::max);
                double rowNorm = Math.sqrt(Arrays.stream(norms).map(n -> n * n).sum() / site.outFeatures());
                if (site.role().isInBlock()) {
                    assertThat(rowNorm).as(site.name()).isBetween(0.9, 1.1);
                }
            }
            assertThat(largest.get(SiteRole.FFN_DOWN))
                    .isEqualTo(largest.values().stream().max(Double::compare).orElseThrow())
                    .isGreaterThan(5);
            assertThat(largest.get(SiteRole.CROSS_V)).isLessThan(2.5);
        }
    }

    @Test
    void theOtherNetworksCanBeWrittenBesideIt() {
        SyntheticModel.write(
                folder.resolve("a"),
                SMALL,
                List.of(PublishedNetwork.TINY_AUTOENCODER),
                DTypes.F32,
                1,
                (name, count) -> {});
        assertThat(Checkpoints.inspectFolder(folder.resolve("a")).stream().map(ModelCard::network))
                .containsExactlyInAnyOrder(ModelCard.Network.TRANSFORMER, ModelCard.Network.TINY_AUTOENCODER);
    }

    @Test
    void anUnknownModelIsRefused() {
        assertThatThrownBy(() -> SyntheticModel.sizes("wan")).hasMessageContaining("wan2.1-t2v-14b");
    }

    private static double[] columnNorms(WeightMap weights, LinearSite site) {
        try (TensorScope scope = TensorScope.open()) {
            return Tensors.toDoubles(Ops.sum(
                            Ops.toF32(weights.get(site.name() + ".weight")).square(), false, 0)
                    .sqrt());
        }
    }

    private void write(String name, WanConfig config, long seed) {
        SyntheticModel.write(folder.resolve(name), config, List.of(), DTypes.BF16, seed, (tensor, count) -> {});
    }

    private Path file(String name) {
        return folder.resolve(name).resolve("diffusion_pytorch_model.safetensors");
    }

    private WeightMap open(String name) {
        return Checkpoints.open(Checkpoints.inspectFolder(folder.resolve(name)).getFirst());
    }
}
