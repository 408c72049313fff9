package io.arvid.model.wan;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.tensor.DTypes;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.CheckpointFile.TensorInfo;
import io.arvid.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Random weights in the true names, shapes and type of a published model, for work at full size where the real weights are not at hand. They say
 * nothing about the quality of videos; they have the published sizes, plausible statistics and planted outlier channels ({@link
 * SyntheticWeights}), so that time, memory and the path through every layer are those of the real model.
 *
 * <p>Written as {@code diffusion_pytorch_model.safetensors} and {@code config.json}, and, where asked for, the other networks beside them. The files
 * are marked as synthetic. The same seed gives the same bytes; a tensor is never larger in memory than a piece of some megabytes.
 */
public final class SyntheticModel {
    /** Metadata key of synthetic files. */
    static final String MARK = "arvid.synthetic";

    /** Told before a tensor is made. */
    @FunctionalInterface
    public interface Listener {
        /** Tensor {@code name} of {@code count} values is next. */
        void making(String name, long count);
    }

    private SyntheticModel() {}

    /** The sizes of the model called {@code id}: {@code wan2.1-t2v-1.3b} or {@code wan2.1-t2v-14b}. */
    public static WanConfig sizes(String id) {
        return switch (id) {
            case "wan2.1-t2v-1.3b" -> WanConfig.wan1_3B();
            case "wan2.1-t2v-14b" -> WanConfig.wan14B();
            default ->
                throw new IllegalArgumentException(
                        "no model '" + id + "' to synthesize; there are wan2.1-t2v-1.3b and wan2.1-t2v-14b");
        };
    }

    /** Number of values that {@link #write} will make. */
    public static long valueCount(WanConfig config, List<PublishedNetwork> parts) {
        long count = count(config.parameterShapes());
        for (PublishedNetwork part : parts) {
            count += count(part.parameterShapes());
        }
        return count;
    }

    /**
     * Writes the model to {@code folder}.
     *
     * @param config sizes of the transformer
     * @param parts what to write beside it
     * @param type number type of all tensors
     */
    public static void write(
            Path folder, WanConfig config, List<PublishedNetwork> parts, DTypes type, long seed, Listener listener) {
        SyntheticWeights weights = new SyntheticWeights(seed, type);
        write(
                folder.resolve("diffusion_pytorch_model.safetensors"),
                config.parameterShapes(),
                type,
                seed,
                listener,
                (name, shape, sink) -> weights.transformer(name, shape, sink));
        for (PublishedNetwork part : parts) {
            write(
                    folder.resolve(fileName(part)),
                    part.parameterShapes(),
                    type,
                    seed,
                    listener,
                    (name, shape, sink) -> weights.plain(name, shape, sink));
        }
        try {
            String json = JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build()
                    .writeValueAsString(config);
            AtomicFile.write(folder.resolve("config.json"), json + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String fileName(PublishedNetwork part) {
        return switch (part) {
            case VIDEO_AUTOENCODER -> "Wan2.1_VAE.safetensors";
            case TEXT_ENCODER -> "models_t5_umt5-xxl-enc-bf16.safetensors";
            case TINY_AUTOENCODER -> "taew2_1.safetensors";
        };
    }

    private interface Maker {
        void make(String name, long[] shape, SafetensorsWriter.Sink sink) throws IOException;
    }

    private static void write(
            Path file, Map<String, long[]> shapes, DTypes type, long seed, Listener listener, Maker maker) {
        List<TensorInfo> layout = new ArrayList<>();
        shapes.forEach((name, shape) -> layout.add(new TensorInfo(name, type, shape)));
        Map<String, String> metadata = Map.of("format", "pt", MARK, "seed " + seed);
        SafetensorsWriter.stream(file, layout, metadata, (name, sink) -> {
            long[] shape = shapes.get(name);
            listener.making(name, count(Map.of(name, shape)));
            maker.make(name, shape, sink);
        });
    }

    private static long count(Map<String, long[]> shapes) {
        long sum = 0;
        for (long[] shape : shapes.values()) {
            long count = 1;
            for (long size : shape) {
                count *= size;
            }
            sum += count;
        }
        return sum;
    }
}
