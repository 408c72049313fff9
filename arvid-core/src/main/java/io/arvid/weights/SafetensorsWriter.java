package io.arvid.weights;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.CheckpointFile.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Writer of the safetensors format. Deterministic: the same tensors give the same bytes whatever the order of the map (widest element first, then
 * by name, so that every tensor is aligned). Atomic: the file is there whole or not at all.
 */
public final class SafetensorsWriter {
    private static final long PIECE = 1L << 28;

    private SafetensorsWriter() {}

    /** Takes the content of a tensor piece by piece, in row-major order. */
    @FunctionalInterface
    public interface Sink {
        /** Appends {@code piece}, which has the tensor's element type. */
        void accept(Tensor piece) throws IOException;
    }

    /** Gives the content of tensors. */
    @FunctionalInterface
    public interface Source {
        /** Hands the content of the tensor called {@code name} to {@code sink}. */
        void write(String name, Sink sink) throws IOException;
    }

    /** Writes {@code tensors} and string {@code metadata} to {@code file}. */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        List<TensorInfo> layout = new ArrayList<>();
        tensors.forEach((name, tensor) -> layout.add(new TensorInfo(name, DTypes.of(tensor), Tensors.shape(tensor))));
        stream(file, layout, metadata, (name, sink) -> sink.accept(tensors.get(name)));
    }

    /**
     * Writes tensors that are never all in memory.
     *
     * @param layout names, types and shapes
     * @param source asked for the content of one tensor after the other, in the order of the file
     */
    public static void stream(Path file, List<TensorInfo> layout, Map<String, String> metadata, Source source) {
        List<TensorInfo> ordered = new ArrayList<>(layout);
        ordered.sort(Comparator.comparingInt((TensorInfo info) -> -info.type().bytes())
                .thenComparing(TensorInfo::name));
        byte[] header = header(ordered, new TreeMap<>(metadata));
        AtomicFile.write(file, channel -> {
            ByteBuffer length =
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, header.length);
            writeFully(channel, length);
            writeFully(channel, ByteBuffer.wrap(header));
            for (TensorInfo info : ordered) {
                long start = channel.position();
                source.write(info.name(), piece -> writePiece(channel, info, piece));
                if (channel.position() - start != info.count() * info.type().bytes()) {
                    throw new IllegalStateException(info.name() + ": its pieces have "
                            + (channel.position() - start) + " bytes, not "
                            + info.count() * info.type().bytes());
                }
            }
        });
    }

    private static void writePiece(FileChannel channel, TensorInfo info, Tensor piece) throws IOException {
        if (DTypes.of(piece) != info.type()) {
            throw new IllegalStateException(info.name() + ": a piece of " + DTypes.of(piece) + ", not " + info.type());
        }
        try (TensorScope scope = TensorScope.open()) {
            MemorySegment data = Tensors.memory(piece.detach().cpu().contiguous());
            for (long at = 0; at < data.byteSize(); at += PIECE) {
                writeFully(
                        channel,
                        data.asSlice(at, Math.min(PIECE, data.byteSize() - at)).asByteBuffer());
            }
        }
    }

    private static byte[] header(List<TensorInfo> ordered, Map<String, String> metadata) {
        ObjectNode root = new JsonMapper().createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode node = root.putObject("__metadata__");
            metadata.forEach(node::put);
        }
        long offset = 0;
        for (TensorInfo info : ordered) {
            ObjectNode node = root.putObject(info.name());
            node.put("dtype", info.type().safetensorsName());
            ArrayNode shape = node.putArray("shape");
            for (long size : info.shape()) {
                shape.add(size);
            }
            long end = offset + info.count() * info.type().bytes();
            node.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded = java.util.Arrays.copyOf(json, (json.length + 7) / 8 * 8);
        java.util.Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        return padded;
    }

    private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
