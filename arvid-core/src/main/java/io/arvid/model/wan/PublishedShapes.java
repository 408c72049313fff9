package io.arvid.model.wan;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Parameter names and shapes of published checkpoints, from lines such as {@code blocks.{0-23}.attn.q.weight 4096x4096}: a range in braces stands
 * for one parameter a block.
 */
public final class PublishedShapes {
    private PublishedShapes() {}

    /** {@code Wan2.1_VAE.pth}: the video autoencoder. */
    public static Map<String, long[]> wanVae() {
        return ofResource("wan2.1-vae.shapes");
    }

    /** {@code models_t5_umt5-xxl-enc-bf16.pth}: the text encoder. */
    public static Map<String, long[]> umt5Encoder() {
        return UmtConfig.xxl().parameterShapes();
    }

    /** {@code taew2_1.pth}: the tiny video autoencoder. */
    public static Map<String, long[]> tinyAutoencoder() {
        return TinyVideoAutoencoder.Config.taew2_1().parameterShapes();
    }

    private static Map<String, long[]> ofResource(String name) {
        try (InputStream in = PublishedShapes.class.getResourceAsStream(name)) {
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Names and shapes of {@code lines}, in order, block by block. */
    public static Map<String, long[]> parse(String lines) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        for (String line : lines.lines().toList()) {
            int space = line.lastIndexOf(' ');
            String name = line.substring(0, space);
            long[] shape = Arrays.stream(line.substring(space + 1).split("x"))
                    .mapToLong(Long::parseLong)
                    .toArray();
            int open = name.indexOf('{');
            if (open < 0) {
                shapes.put(name, shape);
                continue;
            }
            int close = name.indexOf('}');
            String[] range = name.substring(open + 1, close).split("-");
            for (int block = Integer.parseInt(range[0]); block <= Integer.parseInt(range[1]); block++) {
                shapes.put(name.substring(0, open) + block + name.substring(close + 1), shape);
            }
        }
        return shapes;
    }
}
