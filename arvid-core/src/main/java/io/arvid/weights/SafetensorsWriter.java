package io.arvid.weights;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
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

    /** Writes {@code tensors} and string {@code metadata} to {@code file}. */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        List<Map.Entry<String, Tensor>> ordered = new ArrayList<>(tensors.entrySet());
        ordered.sort(Comparator.comparingInt((Map.Entry<String, Tensor> e) ->
                        -DTypes.of(e.getValue()).bytes())
                .thenComparing(Map.Entry::getKey));
        byte[] header = header(ordered, new TreeMap<>(metadata));
        AtomicFile.write(file, channel -> {
            ByteBuffer length =
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, header.length);
            writeFully(channel, length);
            writeFully(channel, ByteBuffer.wrap(header));
            for (Map.Entry<String, Tensor> entry : ordered) {
                try (TensorScope scope = TensorScope.open()) {
                    MemorySegment data =
                            Tensors.memory(entry.getValue().detach().contiguous());
                    for (long at = 0; at < data.byteSize(); at += PIECE) {
                        writeFully(
                                channel,
                                data.asSlice(at, Math.min(PIECE, data.byteSize() - at))
                                        .asByteBuffer());
                    }
                }
            }
        });
    }

    private static byte[] header(List<Map.Entry<String, Tensor>> ordered, Map<String, String> metadata) {
        ObjectNode root = new JsonMapper().createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode node = root.putObject("__metadata__");
            metadata.forEach(node::put);
        }
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : ordered) {
            DTypes type = DTypes.of(entry.getValue());
            ObjectNode node = root.putObject(entry.getKey());
            node.put("dtype", type.safetensorsName());
            ArrayNode shape = node.putArray("shape");
            for (long size : Tensors.shape(entry.getValue())) {
                shape.add(size);
            }
            long end = offset + entry.getValue().numel() * type.bytes();
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
