package io.arvid.weights;

import io.arvid.tensor.DTypes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Writes checkpoints of any size whose values are holes of a sparse file: names, types, shapes and places are those of a real file, and it costs no
 * disk. PyTorch files get the zip64 records that PyTorch writes beyond 4 GB.
 */
public final class SparseCheckpoint {
    private static final Map<DTypes, String> STORAGES = Map.of(
            DTypes.F32, "FloatStorage",
            DTypes.BF16, "BFloat16Storage",
            DTypes.F16, "HalfStorage",
            DTypes.U8, "ByteStorage");

    private SparseCheckpoint() {}

    /** A safetensors file of {@code shapes}, all in {@code type}. */
    public static Path safetensors(Path file, Map<String, long[]> shapes, DTypes type) {
        StringBuilder header = new StringBuilder("{");
        long end = 0;
        for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
            long begin = end;
            end += count(entry.getValue()) * type.bytes();
            header.append(header.length() == 1 ? "" : ",")
                    .append("\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                            .formatted(
                                    entry.getKey(),
                                    type.safetensorsName(),
                                    java.util.Arrays.toString(entry.getValue()),
                                    begin,
                                    end));
        }
        header.append("}").append(" ".repeat(Math.floorMod(-header.length(), 8)));
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        long bytes = 8 + json.length + end;
        write(file, channel -> {
            channel.write(little(8).putLong(0, json.length));
            channel.write(ByteBuffer.wrap(json));
            if (bytes > channel.position()) {
                channel.write(ByteBuffer.allocate(1), bytes - 1);
            }
        });
        return file;
    }

    /** A PyTorch zip file with a dict of {@code groups}, or with one dict of tensors where the only group is called {@code ""}. */
    public static Path torch(Path file, Map<String, Map<String, long[]>> groups, DTypes type) {
        return new TorchFile(type).write(file, groups);
    }

    static long count(long[] shape) {
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        return count;
    }

    private interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    private static void write(Path file, Content content) {
        try (FileChannel channel = FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE,
                StandardOpenOption.SPARSE)) {
            content.writeTo(channel);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static final class TorchFile {
        private final DTypes type;
        private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        private final List<Long> storageBytes = new ArrayList<>();
        private final List<ByteBuffer> directory = new ArrayList<>();

        TorchFile(DTypes type) {
            this.type = type;
        }

        Path write(Path file, Map<String, Map<String, long[]>> groups) {
            op(0x80, 2);
            if (groups.containsKey("")) {
                dict(groups.get(""));
            } else {
                op('}', '(');
                groups.forEach((name, tensors) -> {
                    text(name);
                    dict(tensors);
                });
                op('u');
            }
            op('.');
            SparseCheckpoint.write(file, this::writeZip);
            return file;
        }

        private void dict(Map<String, long[]> tensors) {
            global("collections", "OrderedDict");
            op(')', 'R', '(');
            tensors.forEach((name, shape) -> {
                text(name);
                tensor(shape);
            });
            op('u');
        }

        private void tensor(long[] shape) {
            long count = count(shape);
            global("torch._utils", "_rebuild_tensor_v2");
            op('(', '(');
            text("storage");
            global("torch", STORAGES.get(type));
            text(Integer.toString(storageBytes.size()));
            text("cpu");
            number(count);
            op('t', 'Q', 'K', 0, '(');
            for (long size : shape) {
                number(size);
            }
            op('t', '(');
            long stride = count;
            for (long size : shape) {
                stride /= size;
                number(stride);
            }
            op('t', 0x89, 'N', 't', 'R');
            storageBytes.add(count * type.bytes());
        }

        private void op(int... bytes) {
            for (int value : bytes) {
                pickle.write(value);
            }
        }

        private void text(String value) {
            op('X');
            pickle.writeBytes(little(4).putInt(0, value.length()).array());
            pickle.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
        }

        private void number(long value) {
            op(0x8a, 8);
            pickle.writeBytes(little(8).putLong(0, value).array());
        }

        private void global(String module, String name) {
            pickle.writeBytes(("c" + module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
        }

        private void writeZip(FileChannel channel) throws IOException {
            entry(channel, "a/data.pkl", pickle.size(), ByteBuffer.wrap(pickle.toByteArray()));
            for (int i = 0; i < storageBytes.size(); i++) {
                entry(channel, "a/data/" + i, storageBytes.get(i), ByteBuffer.allocate(0));
            }
            long start = channel.position();
            for (ByteBuffer entry : directory) {
                channel.write(entry);
            }
            long end = channel.position();
            long entries = directory.size();
            ByteBuffer records = little(56 + 20 + 22);
            records.putInt(0x06064b50).putLong(44).putInt(0).putLong(0).putLong(entries);
            records.putLong(entries).putLong(end - start).putLong(start);
            records.putInt(0x07064b50).putInt(0).putLong(end).putInt(1);
            records.putInt(0x06054b50)
                    .putInt(0)
                    .putInt(-1)
                    .putInt(-1)
                    .putInt(-1)
                    .putShort((short) 0);
            channel.write(records.flip());
        }

        private void entry(FileChannel channel, String name, long length, ByteBuffer data) throws IOException {
            byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
            long header = channel.position();
            int padding = (int) (64 - (header + 30 + bytes.length) % 64);
            ByteBuffer local = little(30 + bytes.length + padding).putInt(0, 0x04034b50);
            local.putShort(26, (short) bytes.length)
                    .putShort(28, (short) padding)
                    .put(30, bytes);
            channel.write(local);
            long start = channel.position();
            channel.write(data);
            channel.position(start + length);
            ByteBuffer central = little(46 + bytes.length + 28).putInt(0, 0x02014b50);
            central.putInt(20, -1)
                    .putInt(24, -1)
                    .putShort(28, (short) bytes.length)
                    .putShort(30, (short) 28);
            central.putInt(42, -1).put(46, bytes).position(46 + bytes.length);
            central.putShort((short) 1)
                    .putShort((short) 24)
                    .putLong(length)
                    .putLong(length)
                    .putLong(header);
            directory.add(central.flip());
        }
    }
}
