package io.arvid;

import io.arvid.evaluate.LatentError;
import io.arvid.evaluate.PairedRun;
import io.arvid.evaluate.PairedScores;
import io.arvid.evaluate.Psnr;
import io.arvid.evaluate.RememberedFeatures;
import io.arvid.evaluate.Ssim;
import io.arvid.evaluate.VideoFeatures;
import io.arvid.evaluate.shapes.ShapesMetrics;
import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.record.Progress;
import io.arvid.run.ModelFolder;
import io.arvid.run.QuantizedModel;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** Every quantized model of a run against full precision on the same prompts and noise: one video is scored while the next one is made. */
final class RunScores {
    private final RunRollouts rollouts;
    private final @Nullable ShapesMetrics metrics;
    private final List<Tensor> latents = new ArrayList<>();
    private final List<Tensor> videos = new ArrayList<>();

    RunScores(RunRollouts rollouts, @Nullable ShapesMetrics metrics) {
        this.rollouts = rollouts;
        this.metrics = metrics;
    }

    /** Scores of the packed folders {@code quantized}, by {@code method-setting}; the videos that are to be shown go to {@code shown}. */
    List<PairedScores> of(Map<String, Path> quantized, RunVideos shown, Progress progress) {
        int prompts = rollouts.settings().prompts().size();
        List<PairedScores> scores = new ArrayList<>();
        List<CompletableFuture<Void>> scored = new ArrayList<>();
        try (Progress.Stage stage = progress.begin("evaluate", (long) (quantized.size() + 1) * prompts);
                TensorScope scope = TensorScope.open();
                // Closed first: what it still scores lives in the scope.
                ExecutorService scorer = Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().daemon().name("scorer").factory())) {
            for (int prompt = 0; prompt < prompts; prompt++) {
                latents.add(rollouts.fullPrecision(prompt));
                videos.add(rollouts.generator().decode(latents.getLast()));
                shown.keepReference(prompt, videos.getLast());
                stage.step();
            }
            VideoFeatures features = metrics == null ? null : new RememberedFeatures(metrics.features(), videos);
            quantized.forEach((name, folder) -> {
                PairedScores score = scores(name, features);
                scores.add(score);
                try (ModelFolder packed = ModelFolder.open(folder);
                        QuantizedModel layers = rollouts.layers(packed)) {
                    for (int i = 0; i < prompts; i++) {
                        int prompt = i;
                        TensorScope.runAndFree(() -> {
                            Tensor own = TensorScope.own(rollouts.quantized(prompt, packed, layers));
                            Tensor video = TensorScope.own(rollouts.generator().decode(own));
                            shown.keep(name, prompt, video);
                            scored.add(CompletableFuture.runAsync(
                                    () -> {
                                        add(score, prompt, own, video);
                                        stage.step();
                                    },
                                    scorer));
                        });
                    }
                }
            });
            scored.forEach(CompletableFuture::join);
        }
        return scores;
    }

    private void add(PairedScores score, int prompt, Tensor own, Tensor video) {
        Torch.setThreads(1);
        try (own;
                video) {
            TensorScope.runAndFree(() -> score.add(new PairedRun(
                    rollouts.settings().prompts().get(prompt),
                    latents.get(prompt).squeeze(0),
                    own.squeeze(0),
                    videos.get(prompt),
                    video)));
        }
    }

    private PairedScores scores(String name, @Nullable VideoFeatures features) {
        int dash = name.lastIndexOf('-');
        String method = name.substring(0, dash);
        String setting = name.substring(dash + 1);
        return metrics == null || features == null
                ? PairedScores.basic(method, setting, rollouts.chunks(), TinyVideoAutoencoder.TIME_FACTOR)
                : new PairedScores(
                        method,
                        setting,
                        rollouts.chunks(),
                        TinyVideoAutoencoder.TIME_FACTOR,
                        List.of(new LatentError()),
                        List.of(new Psnr(), new Ssim(), metrics.lpips()),
                        List.of(features));
    }
}
