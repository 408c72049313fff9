package io.arvid.evaluate.input;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.weights.NearestName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Which video is compared with which: by a manifest, or by name. */
public final class Samples {
    private static final Set<String> COLUMNS =
            Set.of("name", "video", "latents", "reference", "reference_latents", "prompt");

    private Samples() {}

    /**
     * Pairs the videos of two folders by name; prompts are taken from the files that {@code arvid generate} writes beside videos. A name that only one folder has gets a sample too, so that it is reported.
     *
     * @param references null where nothing is compared
     */
    public static List<Sample> byName(Path videos, @Nullable Path references) {
        Map<String, Clip> clips = VideoFolder.list(videos);
        Map<String, Clip> others = references == null ? Map.of() : VideoFolder.list(references);
        Set<String> names = new TreeSet<>(new NaturalOrder());
        names.addAll(clips.keySet());
        names.addAll(others.keySet());
        return names.stream()
                .map(name -> new Sample(
                        name,
                        clips.getOrDefault(name, Clip.NONE),
                        others.getOrDefault(name, Clip.NONE),
                        promptBeside(videos.resolve(name + ".json"))))
                .toList();
    }

    /** The {@code prompt} in the file that {@code arvid generate} writes beside a video; null where there is none. */
    private static @Nullable String promptBeside(Path file) {
        if (!Files.isRegularFile(file)) {
            return null;
        }
        try {
            String prompt =
                    new JsonMapper().readTree(file.toFile()).path("prompt").asText();
            return prompt.isBlank() ? null : prompt;
        } catch (IOException e) {
            return null;
        }
    }

    /**
     * The pairs of a manifest: CSV with a header, a JSON array of objects, or JSON lines, with {@code video} or {@code latents} and, as needed,
     * {@code reference}, {@code reference_latents}, {@code prompt} and {@code name}.
     *
     * @param videos where relative paths of videos begin; null for the manifest's folder
     * @param references where relative paths of references begin; null for the manifest's folder
     */
    public static List<Sample> ofManifest(Path manifest, @Nullable Path videos, @Nullable Path references) {
        Table table = Table.read(manifest);
        for (String column : table.columns()) {
            if (!COLUMNS.contains(column)) {
                throw new IllegalArgumentException(manifest + ": unknown column '" + column + "'; the nearest is '"
                        + NearestName.of(column, COLUMNS) + "'");
            }
        }
        Path home = manifest.toAbsolutePath().getParent();
        List<Sample> samples = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>();
        for (Map<String, String> row : table.rows()) {
            Clip video = clip(row, "video", "latents", videos == null ? home : videos);
            Clip reference = clip(row, "reference", "reference_latents", references == null ? home : references);
            String name = row.getOrDefault("name", row.getOrDefault("video", row.getOrDefault("latents", "")));
            if (name.isEmpty() || !names.add(name)) {
                throw new IllegalArgumentException(manifest + ": "
                        + (name.isEmpty() ? "an entry without a video: " + row : "two entries called '" + name + "'"));
            }
            String prompt = row.get("prompt");
            samples.add(new Sample(name, video, reference, prompt == null || prompt.isBlank() ? null : prompt.strip()));
        }
        return samples;
    }

    /** A safetensors file in the column of frames counts as latents. */
    private static Clip clip(Map<String, String> row, String framesColumn, String latentsColumn, Path folder) {
        Path frames = path(row, framesColumn, folder);
        Path latents = path(row, latentsColumn, folder);
        if (frames != null && latents == null && VideoFolder.clip(frames).latents() != null) {
            return new Clip(null, frames);
        }
        return new Clip(frames, latents);
    }

    private static @Nullable Path path(Map<String, String> row, String column, Path folder) {
        String value = row.get(column);
        return value == null || value.isBlank() ? null : folder.resolve(value.strip());
    }
}
