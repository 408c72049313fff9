package io.arvid.evaluate.input;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder of videos: video files, folders of PNG frames, and latents. Files of one name belong to one video: {@code cat.mp4} and
 * {@code cat.safetensors}.
 */
public final class VideoFolder {
    private static final Set<String> VIDEO_ENDINGS = Set.of("mp4", "mkv", "webm", "mov", "avi");
    private static final String LATENTS_ENDING = "safetensors";

    private VideoFolder() {}

    /** The videos of {@code folder} by name, numbers in counting order. Two pictures of one name are refused: nobody knows which one is meant. */
    public static Map<String, Clip> list(Path folder) {
        Map<String, Clip> clips = new TreeMap<>(new NaturalOrder());
        for (Path path : children(folder)) {
            String file = path.getFileName().toString();
            if (file.startsWith(".")) {
                continue;
            }
            Clip found = clip(path);
            if (found != Clip.NONE) {
                clips.merge(Files.isDirectory(path) ? file : stem(file), found, (a, b) -> joined(folder, a, b));
            }
        }
        return clips;
    }

    /** What {@code path} is by its ending; {@link Clip#NONE} for anything else. */
    static Clip clip(Path path) {
        if (Files.isDirectory(path)) {
            return pngs(path).isEmpty() ? Clip.NONE : new Clip(path, null);
        }
        String ending = ending(path.getFileName().toString());
        if (ending.equals(LATENTS_ENDING)) {
            return new Clip(null, path);
        }
        return VIDEO_ENDINGS.contains(ending) ? new Clip(path, null) : Clip.NONE;
    }

    /** PNG files in {@code folder} in counting order. */
    static List<Path> pngs(Path folder) {
        return children(folder).stream()
                .filter(path -> ending(path.getFileName().toString()).equals("png"))
                .toList();
    }

    private static List<Path> children(Path folder) {
        try (Stream<Path> paths = Files.list(folder)) {
            NaturalOrder order = new NaturalOrder();
            return paths.sorted((a, b) -> order.compare(
                            a.getFileName().toString(), b.getFileName().toString()))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": cannot be listed: " + e.getMessage(), e);
        }
    }

    private static Clip joined(Path folder, Clip a, Clip b) {
        return new Clip(either(folder, a.frames(), b.frames()), either(folder, a.latents(), b.latents()));
    }

    private static @Nullable Path either(Path folder, @Nullable Path a, @Nullable Path b) {
        if (a != null && b != null) {
            throw new IllegalArgumentException(folder + ": " + a.getFileName() + " and " + b.getFileName()
                    + " have one name; name the one that is meant in a manifest");
        }
        return a == null ? b : a;
    }

    private static String ending(String file) {
        return file.substring(file.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    private static String stem(String file) {
        return file.substring(0, file.lastIndexOf('.'));
    }
}
