package io.arvid.calibrate;

import io.arvid.model.SiteForward;
import io.arvid.record.Progress;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.DenoiseSchedule;
import io.arvid.rollout.MappedKvStore;
import io.arvid.rollout.NoiseSource;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutListener;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Calibration prompts at full size: each pass of a roll-out is a file, keys and values lie in mapped files, recorded inputs go to disk. Memory grows neither
 * with prompts nor with passes nor with recorded layers, and a killed process goes on with the pass that it was in.
 *
 * @param rollout model, schedule and cache, which must keep every frame; its arithmetic is replaced
 * @param texts text states of each prompt, {@code [1, L, textDim]} in the model's number type
 * @param noiseShape {@code [1, F, C, H, W]}
 * @param seed noise of prompt i is drawn from {@code seed + i}
 * @param folder where the state goes
 * @param progress hears every pass
 */
public record ResumableRollouts(
        Rollout rollout, List<Tensor> texts, long[] noiseShape, long seed, Path folder, Progress progress)
        implements CalibrationRollouts {
    /** Checks that no frame leaves the cache. */
    public ResumableRollouts {
        if (!rollout.config().isGlobal() && rollout.config().localAttentionFrames() < noiseShape[1]) {
            throw new IllegalArgumentException("calibration that resumes needs a cache of all " + noiseShape[1]
                    + " frames, not of " + rollout.config().localAttentionFrames());
        }
    }

    @Override
    public int promptCount() {
        return texts.size();
    }

    @Override
    public int chunkCount() {
        return plan().generated().size();
    }

    private ChunkPlan plan() {
        return ChunkPlan.of(rollout.config(), 0, Math.toIntExact(noiseShape[1]));
    }

    @Override
    public Tensor textStates(int prompt) {
        return texts.get(prompt);
    }

    @Override
    public Tensor latents(int prompt, SiteForward sites) {
        throw new IllegalArgumentException("a roll-out without a name cannot go on after an interruption");
    }

    @Override
    public Tensor latents(String name, int prompt, SiteForward sites) {
        Path place = folder.resolve(fileName(name)).resolve("prompt-" + prompt);
        Path result = place.resolve("latents.safetensors");
        if (Files.exists(result)) {
            removePasses(place); // Those that a process had not removed when it was killed.
            try (WeightMap file = SafetensorsFile.open(result)) {
                return Ops.copy(file.get("latents"));
            }
        }
        int passes = new DenoiseSchedule(rollout.config()).passes(chunkCount());
        try (Progress.Stage stage = progress.begin(name, passes)) {
            Tensor latents = run(prompt, sites, place, null, stage);
            SafetensorsWriter.write(result, Map.of("latents", latents), Map.of());
            removePasses(place);
            return latents;
        }
    }

    @Override
    public boolean recordsToDisk() {
        return true;
    }

    @Override
    public Recording recordPrompt(String name, int prompt, Wanted wanted, SiteForward sites) {
        int passes = new DenoiseSchedule(rollout.config()).passes(chunkCount());
        try (Progress.Stage stage = progress.begin(name + ", prompt " + prompt, passes)) {
            return PassFiles.recording(List.of(recorded(name, prompt, wanted, sites, stage, passes)), wanted.seed());
        }
    }

    @Override
    public Recording record(String name, int prompts, Wanted wanted, SiteForward sites, Progress unused) {
        List<PassFiles> recorded = new ArrayList<>();
        int passes = new DenoiseSchedule(rollout.config()).passes(chunkCount());
        try (Progress.Stage stage = progress.begin(name, (long) prompts * passes)) {
            for (int prompt = 0; prompt < prompts; prompt++) {
                recorded.add(recorded(name, prompt, wanted, sites, stage, passes));
            }
        }
        return PassFiles.recording(recorded, wanted.seed());
    }

    private PassFiles recorded(
            String name, int prompt, Wanted wanted, SiteForward sites, Progress.Stage stage, int passes) {
        Path place = folder.resolve(fileName(name)).resolve("prompt-" + prompt);
        Path done = place.resolve("done");
        if (Files.exists(done)) {
            stage.resume(passes);
        } else {
            TensorScope.runAndFree(() -> run(prompt, sites, place, wanted, stage));
            removeCache(place);
            AtomicFile.write(done, "");
        }
        return new PassFiles(place);
    }

    private Tensor run(int prompt, SiteForward sites, Path place, @Nullable Wanted wanted, Progress.Stage stage) {
        ResumableModel model = new ResumableModel(rollout.model(), new PassFiles(place), wanted, stage);
        Rollout resumable = new Rollout(model, rollout.config(), sites, MappedKvStore.in(place), RolloutListener.NONE);
        try (Seeds seeds = new Seeds(seed + prompt)) {
            return TensorScope.run(() -> {
                Tensor noise = Ops.toTypeOf(seeds.normal(noiseShape), texts.get(prompt));
                return resumable.run(noise, texts.get(prompt), NoiseSource.seeded(seeds));
            });
        }
    }

    private static String fileName(String name) {
        return name.replaceAll("[^a-zA-Z0-9]+", "-");
    }

    private static void removePasses(Path place) {
        remove(place, "pass-");
        removeCache(place);
    }

    private static void removeCache(Path place) {
        remove(place, "kv-");
    }

    private static void remove(Path place, String prefix) {
        try (Stream<Path> files = Files.list(place)) {
            for (Path file : files.sorted(Comparator.naturalOrder()).toList()) {
                if (file.getFileName().toString().startsWith(prefix)) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot clear " + place + ": " + e.getMessage(), e);
        }
    }
}
