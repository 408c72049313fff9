package io.arvid.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * The directory of a mapped zip file whose entries are stored, not compressed, so that each is a slice of the mapping (APPNOTE.TXT 6.3, with the
 * zip64 extension). Checked before anything is used: every entry lies inside the file, none overlaps another, no name occurs twice or leaves its
 * folder, and the local header of each agrees with the directory.
 */
final class StoredZip {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int LOCAL_HEADER = 0x04034b50;
    private static final int CENTRAL_HEADER = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int END_64_LOCATOR = 0x07064b50;
    private static final int END_64 = 0x06064b50;
    private static final int END_BYTES = 22;
    private static final long NOT_HERE = 0xffffffffL;

    /** An entry of the directory: where its local header begins, how long its content is. */
    private record Entry(String name, long header, long length) {}

    /** Where the directory lies and how many entries it has. */
    private record Directory(long start, long bytes, long count) {}

    private final Path file;
    private final MemorySegment memory;
    private final SequencedMap<String, MemorySegment> contents = new LinkedHashMap<>();

    private StoredZip(Path file, MemorySegment memory) {
        this.file = file;
        this.memory = memory;
    }

    /** True where {@code memory} begins like a zip file. */
    static boolean isZip(MemorySegment memory) {
        return memory.byteSize() >= 4 && memory.get(INT, 0) == LOCAL_HEADER;
    }

    /** Content of every entry of {@code memory} by name, in directory order. */
    static SequencedMap<String, MemorySegment> contents(Path file, MemorySegment memory) {
        StoredZip zip = new StoredZip(file, memory);
        zip.read();
        return zip.contents;
    }

    private void read() {
        Directory directory = directory();
        List<Entry> entries = new ArrayList<>();
        long at = directory.start();
        for (long i = 0; i < directory.count(); i++) {
            at = readEntry(at, directory, entries);
        }
        List<Entry> byPosition = new ArrayList<>(entries);
        byPosition.sort(Comparator.comparingLong(Entry::header));
        long free = 0;
        for (Entry entry : byPosition) {
            if (entry.header() < free) {
                throw broken("entry '" + entry.name() + "' overlaps the one before it");
            }
            long start = contentStart(entry, directory.start());
            free = start + entry.length();
        }
        for (Entry entry : entries) {
            MemorySegment content = memory.asSlice(contentStart(entry, directory.start()), entry.length());
            if (contents.putIfAbsent(entry.name(), content) != null) {
                throw broken("it holds '" + entry.name() + "' twice");
            }
        }
    }

    private Directory directory() {
        long end = findEnd();
        long count = unsigned(memory.get(SHORT, end + 10));
        long bytes = unsigned(memory.get(INT, end + 12));
        long start = unsigned(memory.get(INT, end + 16));
        long limit = end;
        if (count == 0xffff || bytes == NOT_HERE || start == NOT_HERE) {
            long end64 = findEnd64(end);
            count = memory.get(LONG, end64 + 32);
            bytes = memory.get(LONG, end64 + 40);
            start = memory.get(LONG, end64 + 48);
            limit = end64;
        }
        if (start < 0 || bytes < 0 || start > limit || bytes > limit - start || count < 0 || count > bytes / 46) {
            throw broken("its directory of " + count + " entries at byte " + start + " does not lie inside the file");
        }
        return new Directory(start, bytes, count);
    }

    /** The end record: the last one whose comment reaches exactly to the end of the file. */
    private long findEnd() {
        long first = Math.max(0, memory.byteSize() - END_BYTES - 0xffff);
        for (long at = memory.byteSize() - END_BYTES; at >= first; at--) {
            if (memory.get(INT, at) == END
                    && at + END_BYTES + unsigned(memory.get(SHORT, at + 20)) == memory.byteSize()) {
                return at;
            }
        }
        throw broken("it is truncated: a zip file ends with a directory, and there is none");
    }

    private long findEnd64(long end) {
        if (end < 20 || memory.get(INT, end - 20) != END_64_LOCATOR) {
            throw broken("its directory asks for a zip64 record that is not there");
        }
        long end64 = memory.get(LONG, end - 12);
        if (end64 < 0 || end64 > end - 20 - 56 || memory.get(INT, end64) != END_64) {
            throw broken("its zip64 record does not lie at byte " + end64);
        }
        return end64;
    }

    private long readEntry(long at, Directory directory, List<Entry> entries) {
        long limit = directory.start() + directory.bytes();
        if (at > limit - 46 || memory.get(INT, at) != CENTRAL_HEADER) {
            throw broken("its directory is broken at byte " + at);
        }
        int flags = memory.get(SHORT, at + 8);
        int method = memory.get(SHORT, at + 10);
        long compressed = unsigned(memory.get(INT, at + 20));
        long length = unsigned(memory.get(INT, at + 24));
        int nameBytes = unsigned(memory.get(SHORT, at + 28));
        int extraBytes = unsigned(memory.get(SHORT, at + 30));
        int commentBytes = unsigned(memory.get(SHORT, at + 32));
        long header = unsigned(memory.get(INT, at + 42));
        long next = at + 46 + nameBytes + extraBytes + commentBytes;
        if (next > limit) {
            throw broken("its directory is broken at byte " + at);
        }
        String name = name(at + 46, nameBytes);
        Extra extra = new Extra(name, at + 46 + nameBytes, extraBytes);
        length = length == NOT_HERE ? extra.next() : length;
        compressed = compressed == NOT_HERE ? extra.next() : compressed;
        header = header == NOT_HERE ? extra.next() : header;
        if ((flags & 1) != 0 || method != 0 || compressed != length) {
            throw broken(
                    "entry '" + name + "' is compressed or encrypted; checkpoints store their entries as they are");
        }
        entries.add(new Entry(name, header, length));
        return next;
    }

    private long contentStart(Entry entry, long directoryStart) {
        long header = entry.header();
        if (header < 0 || header > directoryStart - 30 || memory.get(INT, header) != LOCAL_HEADER) {
            throw broken("entry '" + entry.name() + "' does not begin at byte " + header);
        }
        int nameBytes = unsigned(memory.get(SHORT, header + 26));
        long start = header + 30 + nameBytes + unsigned(memory.get(SHORT, header + 28));
        if (start > directoryStart || entry.length() < 0 || entry.length() > directoryStart - start) {
            throw broken("entry '" + entry.name() + "' of " + entry.length() + " bytes does not fit into the file");
        }
        if (!name(header + 30, nameBytes).equals(entry.name())) {
            throw broken("entry '" + entry.name() + "' has another name in its own header");
        }
        return start;
    }

    private String name(long at, int bytes) {
        String name = new String(memory.asSlice(at, bytes).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        boolean leaves = List.of(name.split("/", -1)).contains("..")
                || name.startsWith("/")
                || name.contains("\\")
                || name.chars().anyMatch(Character::isISOControl);
        if (leaves || name.isEmpty()) {
            throw broken("an entry has the name '" + name.replaceAll("\\p{Cntrl}", "?") + "', which leaves its folder");
        }
        return name;
    }

    /** The 64-bit fields of one directory entry that did not fit into 32 bits, in their fixed order. */
    private final class Extra {
        private final String name;
        private long at = -1;
        private long end = -1;

        Extra(String name, long start, int bytes) {
            this.name = name;
            long field = start;
            while (field + 4 <= start + bytes) {
                int length = unsigned(memory.get(SHORT, field + 2));
                if (memory.get(SHORT, field) == 1 && field + 4 + length <= start + bytes) {
                    at = field + 4;
                    end = at + length;
                    return;
                }
                field += 4 + length;
            }
        }

        long next() {
            if (at < 0 || at + 8 > end) {
                throw broken("entry '" + name + "' lacks its 64-bit sizes");
            }
            at += 8;
            return memory.get(LONG, at - 8);
        }
    }

    private static int unsigned(short value) {
        return Short.toUnsignedInt(value);
    }

    private static long unsigned(int value) {
        return Integer.toUnsignedLong(value);
    }

    private CheckpointException broken(String defect) {
        return new CheckpointException(file, "not a usable zip checkpoint: " + defect);
    }
}
