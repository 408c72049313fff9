package io.arvid.weights.pull;

import io.arvid.record.Progress;
import io.arvid.weights.FolderLock;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Fetches files of a repository into a folder.
 *
 * <p>Every file is cut into segments that are asked for as byte ranges, several at a time. A dropped connection goes on where it stopped; a killed
 * process goes on with the segments that are missing. A file appears under its name only when its checksum is right, and never takes the place of one that was
 * not fetched from the same repository.
 *
 * @param repository where from
 * @param folder where to
 * @param connections connections at a time
 * @param segmentBytes size of a segment
 */
public record Pull(RemoteRepository repository, Path folder, int connections, long segmentBytes) {
    /** Size of a segment where nothing else is asked for: at most so much of each connection is lost with a killed process. */
    public static final long SEGMENT_BYTES = 32L << 20;

    private static final int BUFFER_BYTES = 1 << 17;

    /** Checks the numbers. */
    public Pull {
        if (connections < 1 || segmentBytes < 1) {
            throw new IllegalArgumentException("a pull needs at least one connection, not " + connections);
        }
    }

    /** What became of a file. */
    public enum Outcome {
        FETCHED,
        ALREADY_THERE
    }

    /**
     * Fetches {@code entries}, one after the other.
     *
     * @throws PullException naming the file that could not be fetched; what was fetched before stays
     * @throws IllegalArgumentException where another process fetches into this folder
     */
    public List<Outcome> fetch(List<RemoteEntry> entries, Progress progress) {
        try (FolderLock taken = FolderLock.take(folder, folder.toString())) {
            return fetchAlone(entries, progress);
        }
    }

    private List<Outcome> fetchAlone(List<RemoteEntry> entries, Progress progress) {
        PulledFiles pulled = PulledFiles.of(folder);
        entries.forEach(entry -> requireReplaceable(entry, pulled));
        requireSpace(entries);
        List<Outcome> outcomes = new ArrayList<>();
        for (RemoteEntry entry : entries) {
            outcomes.add(fetch(entry, progress));
            pulled.note(repository, entry);
        }
        return outcomes;
    }

    /** Files that are not known to be of this repository stay, unless they are the same. */
    private void requireReplaceable(RemoteEntry entry, PulledFiles pulled) {
        Path target = folder.resolve(entry.path());
        try {
            if (Files.exists(target) && !pulled.isFrom(repository, entry) && !isThere(entry, target)) {
                throw new PullException(target + " is there already, and not from " + repository.name()
                        + "; remove it or choose another folder");
            }
        } catch (IOException e) {
            throw new PullException(target + ": " + e.getMessage());
        }
    }

    private Outcome fetch(RemoteEntry entry, Progress progress) {
        Path target = folder.resolve(entry.path());
        try {
            if (isThere(entry, target)) {
                return Outcome.ALREADY_THERE;
            }
            for (int attempt = 0; attempt < 2; attempt++) {
                try (PartialFile partial = new PartialFile(entry, target, segmentBytes);
                        Progress.Stage stage = progress.begin(entry.path(), Math.max(1, entry.bytes()))) {
                    fetchSegments(entry, partial, stage);
                    if (partial.complete()) {
                        return Outcome.FETCHED;
                    }
                }
            }
            throw new PullException(entry.path() + ": fetched twice, and both times its checksum was not the listed "
                    + entry.checksum().hex());
        } catch (IOException e) {
            throw new PullException(target + ": " + e.getMessage());
        }
    }

    private static boolean isThere(RemoteEntry entry, Path target) throws IOException {
        return Files.isRegularFile(target)
                && Files.size(target) == entry.bytes()
                && entry.checksum().matches(target);
    }

    /** The first segment alone, to learn whether the server keeps to ranges; then the others side by side, or, where it does not, as one. */
    private void fetchSegments(RemoteEntry entry, PartialFile partial, Progress.Stage stage) {
        List<PartialFile.Segment> missing = partial.missing();
        stage.resume(entry.bytes()
                - missing.stream().mapToLong(s -> s.end() - s.begin()).sum());
        if (missing.isEmpty()) {
            return;
        }
        boolean ranges = fetchSegment(entry, partial, missing.getFirst(), stage);
        List<PartialFile.Segment> rest = missing.subList(1, missing.size());
        if (!ranges && !rest.isEmpty()) {
            PartialFile.Segment first = rest.getFirst();
            rest = List.of(new PartialFile.Segment(first.index(), first.begin(), entry.bytes()));
        }
        inParallel(entry, rest, segment -> fetchSegment(entry, partial, segment, stage));
    }

    private void inParallel(RemoteEntry entry, List<PartialFile.Segment> segments, Consumer<PartialFile.Segment> work) {
        Semaphore free = new Semaphore(connections);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            for (PartialFile.Segment segment : segments) {
                running.add(threads.submit(() -> {
                    free.acquire();
                    try {
                        work.accept(segment);
                    } finally {
                        free.release();
                    }
                    return null;
                }));
            }
            try {
                for (Future<?> future : running) {
                    future.get();
                }
            } catch (ExecutionException e) {
                threads.shutdownNow();
                throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e);
            } catch (InterruptedException e) {
                threads.shutdownNow();
                Thread.currentThread().interrupt();
                throw new PullException(entry.path() + ": interrupted");
            }
        }
    }

    /** Fetches {@code segment}; false where the server sent the whole file instead of a range. */
    private boolean fetchSegment(
            RemoteEntry entry, PartialFile partial, PartialFile.Segment segment, Progress.Stage stage) {
        AtomicLong at = new AtomicLong(segment.begin());
        boolean ranges =
                repository.server().persist(entry.path(), at::get, () -> copyRange(entry, partial, segment, at, stage));
        partial.finished(segment);
        return ranges;
    }

    private boolean copyRange(
            RemoteEntry entry, PartialFile partial, PartialFile.Segment segment, AtomicLong at, Progress.Stage stage)
            throws IOException, InterruptedException {
        String range = "bytes=" + at.get() + "-" + (segment.end() - 1);
        HttpResponse<InputStream> response =
                repository.server().get(repository.content(entry.path()), Map.of("Range", range));
        try (Watch watch =
                new Watch(response.body(), repository.server().patience().stallMillis())) {
            InputStream body = watch.stream();
            body.skipNBytes(bytesBefore(entry, response, at.get()));
            byte[] buffer = new byte[BUFFER_BYTES];
            while (at.get() < segment.end()) {
                int wanted = (int) Math.min(buffer.length, segment.end() - at.get());
                int read = body.read(buffer, 0, wanted);
                if (read < 0) {
                    throw new IOException("the connection ended " + (segment.end() - at.get()) + " bytes early");
                }
                partial.write(at.get(), ByteBuffer.wrap(buffer, 0, read));
                at.addAndGet(read);
                stage.step(read);
            }
        }
        return response.statusCode() == 206;
    }

    /** How many bytes of the answer come before byte {@code wanted}: none, or, where the server sends the whole file instead of a range, all. */
    private static long bytesBefore(RemoteEntry entry, HttpResponse<InputStream> response, long wanted) {
        if (response.statusCode() == 200) {
            return wanted;
        }
        String got = response.headers().firstValue("Content-Range").orElse("");
        boolean right =
                got.startsWith("bytes " + wanted + "-") && (got.endsWith("/" + entry.bytes()) || got.endsWith("/*"));
        if (!right) {
            throw new PullException(entry.path() + ": asked for bytes from " + wanted + " of " + entry.bytes()
                    + ", the server sent '" + got + "'");
        }
        return 0;
    }

    private void requireSpace(List<RemoteEntry> entries) {
        try {
            Files.createDirectories(folder);
            long needed = 0;
            for (RemoteEntry entry : entries) {
                needed = Math.addExact(needed, missingBytes(entry));
            }
            long usable = Files.getFileStore(folder).getUsableSpace();
            if (needed > usable) {
                throw new PullException(folder + ": needs " + needed + " bytes, the disk has " + usable);
            }
        } catch (ArithmeticException e) {
            throw new PullException(folder + ": the listed files are larger than any disk");
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": " + e.getMessage(), e);
        }
    }

    /** At least so many bytes are yet to come: a file of another size is of another version, and the new one is fetched beside it. */
    private long missingBytes(RemoteEntry entry) throws IOException {
        Path target = folder.resolve(entry.path());
        if (Files.exists(target) && Files.size(target) == entry.bytes()) {
            return 0;
        }
        Path part = target.resolveSibling(target.getFileName() + ".part");
        return Files.exists(part) ? Math.max(0, entry.bytes() - Files.size(part)) : entry.bytes();
    }
}
