package io.arvid.weights;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Writer of PyTorch's zip format, readable by {@code torch.load(…, weights_only=True)}: {@code data.pkl} with the structure, one stored entry a storage,
 * each on a boundary of 64 bytes. A tensor that occurs twice is stored once.
 */
public final class TorchCheckpointWriter {
    private static final int ALIGNMENT = 64;
    /** Any time that zip can say without an extra field, the same for all files. */
    private static final LocalDateTime ENTRY_TIME = LocalDateTime.of(2000, 1, 1, 0, 0);

    private static final int LOCAL_HEADER_BYTES = 30;
    private static final int EXTRA_HEADER_BYTES = 4;

    private final CountingStream counted;
    private final ZipOutputStream zip;
    private final String root;

    private TorchCheckpointWriter(OutputStream out, String root) {
        this.counted = new CountingStream(out);
        this.zip = new ZipOutputStream(counted);
        this.root = root;
        zip.setMethod(ZipOutputStream.STORED);
    }

    /** Writes a dict of dicts of tensors to {@code file}, whole or not at all. */
    public static void write(Path file, SequencedMap<String, ? extends Map<String, Tensor>> groups) {
        List<Tensor> storages = new ArrayList<>();
        byte[] structure = structure(groups, storages);
        String root = file.getFileName().toString().replaceFirst("\\.[^.]*$", "");
        AtomicFile.write(file, channel -> {
            TorchCheckpointWriter writer = new TorchCheckpointWriter(Channels.newOutputStream(channel), root);
            writer.entry("data.pkl", MemorySegment.ofArray(structure));
            writer.entry("byteorder", text("little"));
            for (int i = 0; i < storages.size(); i++) {
                try (TensorScope scope = TensorScope.open()) {
                    writer.entry(
                            "data/" + i, Tensors.memory(storages.get(i).detach().contiguous()));
                }
            }
            writer.entry("version", text("3\n"));
            writer.zip.finish();
        });
    }

    private static MemorySegment text(String text) {
        return MemorySegment.ofArray(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] structure(SequencedMap<String, ? extends Map<String, Tensor>> groups, List<Tensor> storages) {
        Map<Tensor, Integer> known = new IdentityHashMap<>();
        PickleWriter pickle = new PickleWriter();
        pickle.beginDict();
        groups.forEach((group, tensors) -> {
            pickle.string(group);
            pickle.beginDict();
            tensors.forEach((name, tensor) -> {
                int storage = known.computeIfAbsent(tensor, t -> {
                    storages.add(t);
                    return storages.size() - 1;
                });
                pickle.string(name);
                pickle.tensor(storage, DTypes.of(tensor), Tensors.shape(tensor));
            });
            pickle.endDict();
        });
        pickle.endDict();
        return pickle.finish();
    }

    private void entry(String name, MemorySegment content) throws IOException {
        String full = root + "/" + name;
        ZipEntry entry = new ZipEntry(full);
        entry.setTimeLocal(ENTRY_TIME);
        entry.setSize(content.byteSize());
        entry.setCompressedSize(content.byteSize());
        entry.setCrc(crc(content));
        long start = counted.count + LOCAL_HEADER_BYTES + full.getBytes(StandardCharsets.UTF_8).length;
        int padding = (int) Math.floorMod(-(start + EXTRA_HEADER_BYTES), (long) ALIGNMENT);
        byte[] extra = new byte[EXTRA_HEADER_BYTES + padding];
        extra[0] = 'F';
        extra[1] = 'B';
        extra[2] = (byte) padding;
        entry.setExtra(extra);
        zip.putNextEntry(entry);
        pieces(content, zip::write);
        zip.closeEntry();
    }

    private static long crc(MemorySegment content) throws IOException {
        CRC32 crc = new CRC32();
        pieces(content, (bytes, offset, length) -> crc.update(bytes, offset, length));
        return crc.getValue();
    }

    /** Takes bytes. */
    @FunctionalInterface
    private interface Sink {
        void take(byte[] bytes, int offset, int length) throws IOException;
    }

    private static void pieces(MemorySegment content, Sink sink) throws IOException {
        byte[] piece = new byte[1 << 20];
        for (long at = 0; at < content.byteSize(); at += piece.length) {
            int length = (int) Math.min(piece.length, content.byteSize() - at);
            MemorySegment.copy(content, at, MemorySegment.ofArray(piece), 0, length);
            sink.take(piece, 0, length);
        }
    }

    /** Knows how many bytes went through. */
    private static final class CountingStream extends OutputStream {
        private final OutputStream out;
        private long count;

        CountingStream(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            count++;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
            count += length;
        }
    }

    /** The few opcodes of pickle protocol 2 that a dict of tensors needs. */
    private static final class PickleWriter {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        PickleWriter() {
            out.write(0x80);
            out.write(2);
        }

        void beginDict() {
            out.write('}');
            out.write('(');
        }

        void endDict() {
            out.write('u');
        }

        void string(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            out.write('X');
            int32(bytes.length);
            out.writeBytes(bytes);
        }

        /** {@code _rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())}. */
        void tensor(int storage, DTypes type, long[] shape) {
            long count = 1;
            long[] strides = new long[shape.length];
            for (int i = shape.length - 1; i >= 0; i--) {
                strides[i] = count;
                count *= shape[i];
            }
            global("torch._utils", "_rebuild_tensor_v2");
            out.write('(');
            out.write('(');
            string("storage");
            global("torch", storageClass(type));
            string(Integer.toString(storage));
            string("cpu");
            integer(count);
            out.write('t');
            out.write('Q');
            integer(0);
            tuple(shape);
            tuple(strides);
            out.write(0x89);
            global("collections", "OrderedDict");
            out.write(')');
            out.write('R');
            out.write('t');
            out.write('R');
        }

        private static String storageClass(DTypes type) {
            return switch (type) {
                case F64 -> "DoubleStorage";
                case F32 -> "FloatStorage";
                case F16 -> "HalfStorage";
                case BF16 -> "BFloat16Storage";
                case I64 -> "LongStorage";
                case I32 -> "IntStorage";
                case I16 -> "ShortStorage";
                case I8 -> "CharStorage";
                case U8 -> "ByteStorage";
                case BOOL -> "BoolStorage";
                case F8_E4M3 -> throw new IllegalArgumentException("PyTorch has no storage class for " + type);
            };
        }

        private void tuple(long[] values) {
            out.write('(');
            for (long value : values) {
                integer(value);
            }
            out.write('t');
        }

        private void integer(long value) {
            if (value <= Integer.MAX_VALUE) {
                out.write('J');
                int32((int) value);
            } else {
                out.write(0x8a);
                out.write(Long.BYTES);
                int32((int) value);
                int32((int) (value >>> 32));
            }
        }

        private void global(String module, String name) {
            out.write('c');
            out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
        }

        private void int32(int value) {
            out.writeBytes(
                    ByteBuffer.allocate(4).putInt(Integer.reverseBytes(value)).array());
        }

        byte[] finish() {
            out.write('.');
            return out.toByteArray();
        }
    }
}
