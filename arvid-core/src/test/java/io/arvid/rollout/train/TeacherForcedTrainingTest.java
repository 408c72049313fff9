package io.arvid.rollout.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.model.wan.Tokenizer;
import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.UmtTextEncoder;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.vae.LatentStatistics;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.TokenizerFile;
import io.arvid.rollout.train.world.WordList;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TeacherForcedTrainingTest {
    private static final WanConfig CONFIG = new WanConfig(24, 32, 2, 1, 8, 8, 24, 4, 4, new int[] {1, 2, 2}, 1e-6);
    private static final UmtConfig TEXT = new UmtConfig(WordList.words().size(), 8, 8, 16, 2, 1, 8, false);
    private static final TinyVideoAutoencoder.Config AUTOENCODER =
            new TinyVideoAutoencoder.Config(4, new int[] {4, 4, 4, 4}, 4);
    private static final TrainingListener SILENT = (phase, step, total, loss, norm) -> {};

    @TempDir
    Path folder;

    @BeforeEach
    void writeTokenizer() throws IOException {
        Torch.setThreads(1);
        TokenizerFile.write(folder.resolve("tokenizer.json"), CONFIG.textLen());
    }

    private static WeightMap random(Map<String, long[]> shapes) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            shapes.forEach((name, shape) -> weights.put(name, Ops.mul(seeds.normal(shape), 0.2)));
            return WeightMap.of(weights);
        }
    }

    private interface Body {
        void run(Tokenizer tokenizer, LatentDataset dataset);
    }

    private void withData(Body body) {
        try (TensorScope scope = TensorScope.open();
                WeightMap encoder = random(AUTOENCODER.parameterShapes());
                Tokenizer tokenizer = Tokenizer.open(folder.resolve("tokenizer.json"), CONFIG.textLen());
                LatentDataset dataset = new LatentDataset(
                        new ShapesWorld(new WorldSpec(32, 32, 21, 16)),
                        new TinyVideoAutoencoder(AUTOENCODER, encoder),
                        new LatentStatistics(List.of(0.0, 0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0, 1.0)),
                        1)) {
            body.run(tokenizer, dataset);
        }
    }

    private static TeacherForcedBatches.Settings data(long seed) {
        return new TeacherForcedBatches.Settings(
                List.of(new TeacherForcedBatches.Size(1, 3), new TeacherForcedBatches.Size(2, 2)),
                3,
                5,
                0.1,
                0.2,
                seed);
    }

    private static Function<List<String>, Tensor> states(Tokenizer tokenizer) {
        UmtTextEncoder encoder = new UmtTextEncoder(TEXT, random(TEXT.parameterShapes()));
        return prompts -> {
            Tokenizer.Tokens tokens = tokenizer.encode(prompts);
            return encoder.encodeZeroPadded(tokens.ids(), tokens.mask());
        };
    }

    private static AutoregressiveTrainer trainer(Tokenizer tokenizer, LatentDataset dataset) {
        return new AutoregressiveTrainer(
                CONFIG, states(tokenizer), dataset, new AutoregressiveTrainer.Settings(6, data(2), 1e-3, 0.4, 5, 2));
    }

    private static TrajectoryDistiller distiller(Tokenizer tokenizer, LatentDataset dataset) {
        return new TrajectoryDistiller(
                CONFIG,
                states(tokenizer),
                dataset,
                new TrajectoryDistiller.Settings(4, data(3), List.of(1000.0, 625.0), List.of(200.0), 1e-3, 2));
    }

    @Test
    void aStoppedRunGoesOnAsIfItHadNot() {
        withData((tokenizer, dataset) -> {
            Map<String, Tensor> whole = trainer(tokenizer, dataset).train(folder.resolve("whole"), SILENT);
            TrainingListener stopping = (phase, step, total, loss, norm) -> {
                if (step == 5) {
                    throw new IllegalStateException("stopped");
                }
            };
            assertThatThrownBy(() -> trainer(tokenizer, dataset).train(folder.resolve("stopped"), stopping))
                    .hasMessage("stopped");
            List<Long> steps = new ArrayList<>();
            Map<String, Tensor> resumed = trainer(tokenizer, dataset)
                    .train(folder.resolve("stopped"), (phase, step, total, loss, norm) -> steps.add(step));
            assertThat(steps).as("those after the last saved state").containsExactly(5L, 6L);
            whole.forEach((name, tensor) ->
                    assertThat(Tensors.toBytes(resumed.get(name))).as(name).isEqualTo(Tensors.toBytes(tensor)));
        });
    }

    @Test
    void aFreshModelsLossIsTheVarianceOfItsTarget() {
        withData((tokenizer, dataset) -> {
            List<Double> losses = new ArrayList<>();
            trainer(tokenizer, dataset)
                    .train(folder.resolve("state"), (phase, step, total, loss, norm) -> losses.add(loss));
            // The head starts at zero, so the flow is zero, and the target ε − x₀ has the variance of the noise, 1, and
            // that of the latents.
            assertThat(losses.getFirst()).isGreaterThan(1);
            assertThat(losses).hasSize(6);
        });
    }

    @Test
    void distillationChangesTheStudentAndLeavesTheTeacher() {
        withData((tokenizer, dataset) -> {
            Map<String, Tensor> teacher = trainer(tokenizer, dataset).train(folder.resolve("teacher"), SILENT);
            Map<String, byte[]> before = new LinkedHashMap<>();
            teacher.forEach((name, tensor) -> before.put(name, Tensors.toBytes(tensor)));
            List<Double> losses = new ArrayList<>();
            Map<String, Tensor> student = distiller(tokenizer, dataset)
                    .train(teacher, folder.resolve("student"), (phase, step, total, loss, norm) -> losses.add(loss));
            assertThat(losses).hasSize(4).allSatisfy(loss -> assertThat(loss).isFinite());
            assertThat(student.keySet()).isEqualTo(teacher.keySet());
            teacher.forEach((name, tensor) ->
                    assertThat(Tensors.toBytes(tensor)).as(name).isEqualTo(before.get(name)));
            assertThat(Tensors.toBytes(student.get("head.head.weight"))).isNotEqualTo(before.get("head.head.weight"));
        });
    }
}
