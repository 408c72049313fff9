package io.arvid.weights.pull;

import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * A file on its way, beside its place: {@code NAME.part} holds the bytes, {@code NAME.part.done} says which segments are there. Both outlive a killed
 * process; what they hold is used again only where size and checksum are still those that the server lists.
 */
final class PartialFile implements AutoCloseable {
    /** A range of bytes, end exclusive. */
    record Segment(int index, long begin, long end) {}

    private final RemoteEntry entry;
    private final Path target;
    private final Path data;
    private final Path ledger;
    private final long segmentBytes;
    private final BitSet done = new BitSet();
    private final FileChannel channel;

    PartialFile(RemoteEntry entry, Path target, long segmentBytes) throws IOException {
        this.entry = entry;
        this.target = target;
        this.data = target.resolveSibling(target.getFileName() + ".part");
        this.ledger = target.resolveSibling(target.getFileName() + ".part.done");
        this.segmentBytes = segmentBytes;
        Files.createDirectories(target.toAbsolutePath().getParent());
        readLedger();
        this.channel = FileChannel.open(data, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private String identity() {
        return entry.bytes() + " " + entry.checksum().hex() + " " + segmentBytes;
    }

    private void readLedger() throws IOException {
        if (Files.exists(ledger) && Files.exists(data)) {
            List<String> lines =
                    List.of(new String(Files.readAllBytes(ledger), StandardCharsets.ISO_8859_1).split("\n"));
            boolean readable = lines.size() == 2 && lines.get(1).matches("(?:\\d{1,6} )*+");
            if (readable && lines.getFirst().equals(identity())) {
                Arrays.stream(lines.get(1).split(" "))
                        .filter(index -> !index.isEmpty())
                        .forEach(index -> done.set(Integer.parseInt(index)));
                return;
            }
        }
        Files.deleteIfExists(data);
        Files.deleteIfExists(ledger);
    }

    /** Segments that are not there yet. */
    List<Segment> missing() {
        List<Segment> missing = new ArrayList<>();
        long count = Math.ceilDiv(entry.bytes(), segmentBytes);
        for (int i = 0; i < count; i++) {
            if (!done.get(i)) {
                missing.add(new Segment(i, i * segmentBytes, Math.min(entry.bytes(), (i + 1) * segmentBytes)));
            }
        }
        return missing;
    }

    /** Writes {@code bytes} at {@code position}. */
    void write(long position, ByteBuffer bytes) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }

    /** Remembers that {@code segment} is there. */
    synchronized void finished(Segment segment) {
        done.set(segment.index(), (int) Math.ceilDiv(segment.end(), segmentBytes));
        StringBuilder indices = new StringBuilder();
        done.stream().forEach(index -> indices.append(index).append(' '));
        AtomicFile.write(ledger, identity() + "\n" + indices + "\n");
    }

    /** Checks the content and puts it in its place; false, and all is forgotten, where the checksum is another. */
    boolean complete() throws IOException {
        channel.truncate(entry.bytes());
        channel.force(true);
        channel.close();
        boolean right = Files.size(data) == entry.bytes() && entry.checksum().matches(data);
        Files.deleteIfExists(ledger);
        if (right) {
            Files.move(data, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.deleteIfExists(data);
        }
        return right;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
