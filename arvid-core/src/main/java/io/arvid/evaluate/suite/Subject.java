package io.arvid.evaluate.suite;

import io.arvid.evaluate.input.Clip;
import io.arvid.evaluate.input.ClipReader;
import io.arvid.evaluate.input.ContentHash;
import io.arvid.evaluate.input.Sample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One sample while it is scored: reads and hashes its files when a metric first asks for them. Its tensors belong to the scope in which it was made and
 * are read no more than once, failures included.
 */
final class Subject {
    private final Sample sample;
    private final int expectedFrames;
    private final Map<String, Supplier<?>> known;

    /**
     * A subject.
     *
     * @param expectedFrames frames that a video must have; 0 for any number
     */
    Subject(Sample sample, int expectedFrames) {
        this(sample, expectedFrames, new HashMap<>());
    }

    private Subject(Sample sample, int expectedFrames, Map<String, Supplier<?>> known) {
        this.sample = sample;
        this.expectedFrames = expectedFrames;
        this.known = known;
    }

    /** The reference in the place of the video. */
    Subject reference() {
        return new Subject(
                new Sample(sample.name(), sample.reference(), Clip.NONE, sample.prompt()), expectedFrames, known);
    }

    Sample sample() {
        return sample;
    }

    /** uint8 {@code [T, 3, H, W]}. */
    Tensor frames() {
        return frames(require(sample.video().frames(), "video"));
    }

    /** uint8 {@code [T, 3, H, W]}. */
    Tensor referenceFrames() {
        return frames(require(sample.reference().frames(), "reference video"));
    }

    /** float32 {@code [T, C, h, w]}. */
    Tensor latents() {
        return once("read", require(sample.video().latents(), "latents"), ClipReader::latents);
    }

    /** float32 {@code [T, C, h, w]}. */
    Tensor referenceLatents() {
        return once("read", require(sample.reference().latents(), "reference latents"), ClipReader::latents);
    }

    String prompt() {
        String prompt = sample.prompt();
        if (prompt == null) {
            throw new IllegalArgumentException("no prompt; name a list with --prompts");
        }
        return prompt;
    }

    /** Hashes of the files that a metric with {@code input} reads, one after the other. */
    String contentHash(MetricInput input) {
        return switch (input) {
            case FRAMES, FEATURES -> hash(require(sample.video().frames(), "video"));
            case PROMPTED_FRAMES -> hash(require(sample.video().frames(), "video")) + " " + prompt();
            case FRAME_PAIR ->
                hash(require(sample.reference().frames(), "reference video")) + " "
                        + hash(require(sample.video().frames(), "video"));
            case LATENT_PAIR ->
                hash(require(sample.reference().latents(), "reference latents")) + " "
                        + hash(require(sample.video().latents(), "latents"));
        };
    }

    private Tensor frames(Path path) {
        return once("read", path, file -> {
            Tensor frames = ClipReader.frames(file);
            if (expectedFrames > 0 && frames.size(0) != expectedFrames) {
                throw new IllegalArgumentException(
                        file + ": " + frames.size(0) + " frames; the set has " + expectedFrames);
            }
            return frames;
        });
    }

    private String hash(Path path) {
        return once("hash", path, ContentHash::of);
    }

    private static Path require(@Nullable Path path, String what) {
        if (path == null) {
            throw new IllegalArgumentException("no " + what + " of this name");
        }
        if (Files.notExists(path)) {
            throw new IllegalArgumentException(path + ": no such file or folder");
        }
        return path;
    }

    /** The result of {@code work} on {@code path}; a failure is remembered too, so that a broken file is tried once. */
    @SuppressWarnings("unchecked")
    private <T> T once(String what, Path path, Function<Path, T> work) {
        String key = what + " " + path;
        Supplier<?> result = known.get(key);
        if (result == null) {
            result = attempt(path, work);
            known.put(key, result);
        }
        return (T) result.get();
    }

    private static <T> Supplier<T> attempt(Path path, Function<Path, T> work) {
        try {
            T value = work.apply(path);
            return () -> value;
        } catch (RuntimeException e) {
            return () -> {
                throw e;
            };
        }
    }
}
