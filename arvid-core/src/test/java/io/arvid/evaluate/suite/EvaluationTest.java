package io.arvid.evaluate.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.evaluate.input.PromptList;
import io.arvid.evaluate.input.Sample;
import io.arvid.evaluate.input.Samples;
import io.arvid.record.Comparison;
import io.arvid.record.Progress;
import io.arvid.record.SourceStamp;
import io.arvid.rollout.train.world.SceneRenderer;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.video.VideoEncoding;
import io.arvid.video.VideoFile;
import io.arvid.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationTest {
    private static final WorldSpec WORLD = new WorldSpec(64, 64, 21, 16);

    @TempDir
    Path folder;

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    private Path videos(String name, double error) {
        Path set = folder.resolve(name);
        ShapesWorld world = new ShapesWorld(WORLD);
        for (String video : List.of("clip2", "clip10")) {
            try (TensorScope scope = TensorScope.open()) {
                String prompt = world.heldOutPrompts(1, 3).getFirst();
                float[] clip = new SceneRenderer(WORLD).render(world.sceneOf(prompt, video.length()));
                Tensor frames = Ops.clamp(Ops.add(Tensors.of(clip, 21, 3, 64, 64), error), 0, 1);
                VideoFile.write(set.resolve(video + ".mkv"), frames, 16, VideoEncoding.LOSSLESS);
                SafetensorsWriter.write(
                        set.resolve(video + ".safetensors"),
                        Map.of("latents", Tensors.full(DTypes.F32, error, 6, 2, 2, 2)),
                        Map.of());
            }
        }
        return set;
    }

    private EvaluationResult evaluate(List<Sample> samples, String setting) {
        return evaluate(samples, setting, EvaluationSettings.DEFAULT);
    }

    private EvaluationResult evaluate(List<Sample> samples, String setting, EvaluationSettings settings) {
        MetricFiles none = MetricFiles.of(List.of());
        return Evaluation.run(
                new EvaluationRequest(
                        "rounding",
                        setting,
                        samples,
                        EvaluationRequest.possible(samples, none),
                        none,
                        settings,
                        folder.resolve("cache")),
                "evaluate",
                SourceStamp.UNKNOWN,
                Progress.SILENT);
    }

    @Test
    void aSetIsScoredABrokenVideoIsNamedAndResultsAreCompared() throws IOException {
        Path full = videos("full", 0);
        Path near = videos("near", 0.02);
        Path far = videos("far", 0.1);
        Files.writeString(near.resolve("broken.mp4"), "no video");
        String prompt = new ShapesWorld(WORLD).heldOutPrompts(1, 3).getFirst();
        PromptList prompts = new PromptList(List.of(prompt, prompt, prompt), Map.of());

        EvaluationResult nearly = evaluate(prompts.applyTo(Samples.byName(near, full)), "w8a8");
        assertThat(nearly.failures())
                .isNotEmpty()
                .allSatisfy(failure -> assertThat(failure.video()).isEqualTo("broken"));
        assertThat(nearly.run().source()).isEqualTo(SourceStamp.UNKNOWN); // The test's folder is no checkout.
        MetricResult psnr = nearly.metric("psnr").orElseThrow();
        assertThat(psnr.byVideo()).containsOnlyKeys("clip2", "clip10");
        assertThat(psnr.perChunk()).hasSize(2);
        assertThat(nearly.run().findings().comparisons().getFirst().prompts())
                .as("two noises of one prompt")
                .isEqualTo(1);
        assertThat(psnr.overall().low())
                .isEqualTo(psnr.overall().high())
                .isEqualTo(psnr.overall().mean());
        assertThat(nearly.metric("latent-mse").orElseThrow().overall().mean()).isBetween(3.9e-4, 4.1e-4);
        assertThat(nearly.metrics()).anyMatch(metric -> metric.metric().equals("semantic_color"));

        nearly.write(folder.resolve("result"));
        assertThat(EvaluationResult.read(folder.resolve("result"))).isEqualTo(nearly);

        PromptList two = new PromptList(List.of(prompt, prompt), Map.of());
        EvaluationResult farther = evaluate(two.applyTo(Samples.byName(far, full)), "w4a8");
        assertThat(farther.failures()).isEmpty();
        ResultComparison comparison = ResultComparison.of(nearly, farther);
        assertThat(comparison.differences())
                .filteredOn(difference -> difference.metric().equals("psnr"))
                .singleElement()
                .satisfies(
                        difference -> assertThat(difference.difference().low()).isPositive());
        assertThat(comparison.warnings()).noneMatch(warning -> warning.contains("different videos"));
        EvaluationResult one =
                evaluate(List.of(two.applyTo(Samples.byName(far, full)).getFirst()), "w4a8");
        assertThat(ResultComparison.of(nearly, one).warnings())
                .contains("psnr: the results cover different videos (2 and 1); only the 1 that both have are compared");
        assertThat(ResultDiscriminability.of(List.of(farther, nearly))
                        .scores()
                        .get("psnr")
                        .agreeing())
                .isEqualTo(1);

        // The cached numbers are the computed ones.
        EvaluationResult again = evaluate(two.applyTo(Samples.byName(far, full)), "w4a8");
        assertThat(again.metrics()).isEqualTo(farther.metrics());

        // They do not hide that a video has another length than the set.
        EvaluationSettings shorter = new EvaluationSettings(3, 4, 20, 16, 100, 0.95, 0);
        assertThat(evaluate(two.applyTo(Samples.byName(far, full)), "w4a8", shorter)
                        .failures())
                .isNotEmpty()
                .allSatisfy(failure -> assertThat(failure.reason()).contains("21 frames; the set has 20"));
    }

    @Test
    void aVideoWhoseScoreIsNoNumberIsNamedAndNotCounted() {
        for (String name : List.of("full", "own")) {
            for (String video : List.of("a", "b")) {
                float value = name.equals("own") && video.equals("b") ? Float.NaN : 1;
                try (TensorScope scope = TensorScope.open()) {
                    SafetensorsWriter.write(
                            folder.resolve(name).resolve(video + ".safetensors"),
                            Map.of("latents", Tensors.full(DTypes.F32, value, 6, 2, 2, 2)),
                            Map.of());
                }
            }
        }
        List<Sample> samples = Samples.byName(folder.resolve("own"), folder.resolve("full"));
        EvaluationResult result = evaluate(samples, "w4a8");
        VideoFailure failure = new VideoFailure("b", List.of("latent-mse", "latent-cosine"), "a score is NaN");
        assertThat(result.failures()).containsExactly(failure);
        assertThat(result.metric("latent-mse").orElseThrow().overall().mean()).isZero();
        Comparison counted = result.run().findings().comparisons().getFirst();
        assertThat(counted.prompts()).isEqualTo(1);

        EvaluationResult other = new EvaluationResult(
                result.run(),
                "other",
                "w8a8",
                result.settings(),
                result.weights(),
                result.prompts(),
                result.metrics(),
                result.failures());
        List<String> notes = ResultDiscriminability.of(List.of(result, other)).notes();
        assertThat(notes).containsExactly("other: no result at w4a8", "rounding: no result at w8a8");
    }

    @Test
    void listsAreReadAsTheyAreDownloaded() throws IOException {
        Path csv = Files.writeString(folder.resolve("tags.csv"), "prompt,concept\n\"a, \"\"b\"\"\",x\nc,\"y,z\"\n");
        assertThat(PromptList.read(csv).prompts()).containsExactly("a, \"b\"", "c");
        Path json =
                Files.writeString(folder.resolve("full.json"), "[{\"prompt_en\": \"a\", \"dimension\": [\"color\"]}]");
        assertThat(PromptList.read(json).prompts()).containsExactly("a");
        Path manifest = Files.writeString(folder.resolve("pairs.csv"), "video,refrence\na.mp4,b.mp4\n");
        assertThatThrownBy(() -> Samples.ofManifest(manifest, null, null))
                .hasMessageContaining("unknown column 'refrence'; the nearest is 'reference'");
        assertThatThrownBy(() -> MetricCatalogue.named("lpps")).hasMessageContaining("lpips");
    }
}
