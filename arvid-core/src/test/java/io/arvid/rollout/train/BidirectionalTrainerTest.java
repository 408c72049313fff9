package io.arvid.rollout.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.vae.LatentStatistics;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BidirectionalTrainerTest {
    private static final WanConfig CONFIG = new WanConfig(24, 32, 2, 1, 8, 8, 4, 4, 4, new int[] {1, 2, 2}, 1e-6);
    private static final TinyVideoAutoencoder.Config AUTOENCODER =
            new TinyVideoAutoencoder.Config(4, new int[] {4, 4, 4, 4}, 4);

    @TempDir
    Path folder;

    private static WeightMap random(Map<String, long[]> shapes) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            shapes.forEach((name, shape) -> weights.put(name, Ops.mul(seeds.normal(shape), 0.2)));
            return WeightMap.of(weights);
        }
    }

    @Test
    void goesOnFromGivenWeightsAndFromAStop() {
        Torch.setThreads(1);
        try (TensorScope scope = TensorScope.open();
                WeightMap encoder = random(AUTOENCODER.parameterShapes());
                WeightMap initial = random(CONFIG.parameterShapes());
                LatentDataset dataset = new LatentDataset(
                        new ShapesWorld(new WorldSpec(32, 32, 9, 16)),
                        new TinyVideoAutoencoder(AUTOENCODER, encoder),
                        new LatentStatistics(List.of(0.0, 0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0, 1.0)),
                        1)) {
            Tensor text = new Seeds(9).normal(1, 4, 8);
            List<Double> losses = new ArrayList<>();
            Map<String, Tensor> whole = trainer("a model", dataset, text)
                    .train(initial, folder.resolve("a"), (p, s, t, loss, n) -> losses.add(loss));
            assertThat(losses).hasSize(4).allSatisfy(loss -> assertThat(loss).isPositive());
            TrainingListener stopping = (p, step, t, loss, n) -> {
                if (step == 3) {
                    throw new IllegalStateException("stopped");
                }
            };
            assertThatThrownBy(() -> trainer("a model", dataset, text).train(initial, folder.resolve("b"), stopping))
                    .hasMessage("stopped");
            List<Long> steps = new ArrayList<>();
            Map<String, Tensor> resumed = trainer("a model", dataset, text)
                    .train(initial, folder.resolve("b"), (p, step, t, l, n) -> steps.add(step));
            assertThat(steps).as("those after the last saved state").containsExactly(3L, 4L);
            whole.forEach((name, tensor) ->
                    assertThat(Tensors.toBytes(resumed.get(name))).as(name).isEqualTo(Tensors.toBytes(tensor)));
            BidirectionalTrainer other = trainer("another", dataset, text);
            assertThatThrownBy(() -> other.train(initial, folder.resolve("b"), (p, s, t, l, n) -> {}))
                    .hasMessageContaining("of a model, not ")
                    .hasMessageEndingWith("of another");
        }
    }

    private static BidirectionalTrainer trainer(String source, LatentDataset dataset, Tensor text) {
        return new BidirectionalTrainer(
                source,
                CONFIG,
                prompts -> text.expand(prompts.size(), 4, 8),
                dataset,
                new BidirectionalTrainer.Settings(4, 2, 3, 5, 1e-3, 5, 2, 2));
    }
}
