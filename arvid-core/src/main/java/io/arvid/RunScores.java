package io.arvid;

import io.arvid.evaluate.LatentError;
import io.arvid.evaluate.PairedRun;
import io.arvid.evaluate.PairedScores;
import io.arvid.evaluate.Psnr;
import io.arvid.evaluate.Ssim;
import io.arvid.evaluate.shapes.ShapesMetrics;
import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.record.Progress;
import io.arvid.run.ModelFolder;
import io.arvid.run.QuantizedModel;
import io.arvid.tensor.TensorScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** Every quantized model of a run against full precision on the same prompts and noise. */
record RunScores(RunRollouts rollouts, @Nullable ShapesMetrics metrics) {
    /** Scores of the packed folders {@code quantized}, by {@code method-setting}. */
    List<PairedScores> of(Map<String, Path> quantized, Progress progress) {
        int prompts = rollouts.settings().prompts().size();
        List<PairedScores> scores = new ArrayList<>();
        try (Progress.Stage stage = progress.begin("evaluate", (long) (quantized.size() + 1) * prompts);
                TensorScope scope = TensorScope.open()) {
            List<Tensor> latents = new ArrayList<>();
            List<Tensor> videos = new ArrayList<>();
            for (int prompt = 0; prompt < prompts; prompt++) {
                latents.add(rollouts.fullPrecision(prompt));
                videos.add(rollouts.generator().decode(latents.getLast()));
                stage.step();
            }
            quantized.forEach((name, folder) -> {
                PairedScores score = scores(name);
                try (ModelFolder packed = ModelFolder.open(folder);
                        QuantizedModel layers = rollouts.layers(packed)) {
                    for (int i = 0; i < prompts; i++) {
                        int prompt = i;
                        TensorScope.runAndFree(() -> {
                            Tensor own = rollouts.quantized(prompt, packed, layers);
                            score.add(new PairedRun(
                                    rollouts.settings().prompts().get(prompt),
                                    latents.get(prompt).squeeze(0),
                                    own.squeeze(0),
                                    videos.get(prompt),
                                    rollouts.generator().decode(own)));
                        });
                        stage.step();
                    }
                }
                scores.add(score);
            });
        }
        return scores;
    }

    private PairedScores scores(String name) {
        int dash = name.lastIndexOf('-');
        String method = name.substring(0, dash);
        String setting = name.substring(dash + 1);
        return metrics == null
                ? PairedScores.basic(method, setting, rollouts.chunks(), TinyVideoAutoencoder.TIME_FACTOR)
                : new PairedScores(
                        method,
                        setting,
                        rollouts.chunks(),
                        TinyVideoAutoencoder.TIME_FACTOR,
                        List.of(new LatentError()),
                        List.of(new Psnr(), new Ssim(), metrics.lpips()),
                        List.of(metrics.features()));
    }
}
