package io.arvid.evaluate.input;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.video.Frames;
import io.arvid.video.VideoFile;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.WeightMap;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.bytedeco.pytorch.Tensor;

/** Reads one video. */
public final class ClipReader {
    private static final List<String> LATENT_NAMES = List.of("latents", "latent");

    private ClipReader() {}

    /** Frames of a video file or a folder of PNG files: uint8 {@code [T, 3, H, W]}. */
    public static Tensor frames(Path path) {
        return Files.isDirectory(path) ? pngSequence(path) : VideoFile.readBytes(path);
    }

    private static Tensor pngSequence(Path folder) {
        List<byte[]> frames = new ArrayList<>();
        int width = 0;
        int height = 0;
        for (Path file : VideoFolder.pngs(folder)) {
            BufferedImage image = png(file);
            if (frames.isEmpty()) {
                width = image.getWidth();
                height = image.getHeight();
            } else if (image.getWidth() != width || image.getHeight() != height) {
                throw new IllegalArgumentException(file + ": " + image.getWidth() + "×" + image.getHeight()
                        + " pixels; the frames before have " + width + "×" + height);
            }
            frames.add(rgb(image));
        }
        if (frames.isEmpty()) {
            throw new IllegalArgumentException(folder + ": no PNG file in it");
        }
        return Frames.bytesOfRgb(frames, height, width);
    }

    private static BufferedImage png(Path file) {
        try {
            BufferedImage image = ImageIO.read(file.toFile());
            if (image == null) {
                throw new IllegalArgumentException(file + ": no picture");
            }
            return image;
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read as a picture: " + e.getMessage(), e);
        }
    }

    private static byte[] rgb(BufferedImage image) {
        if (isGrey(image)) {
            return rgbOfGrey(image);
        }
        int[] pixels = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        byte[] rgb = new byte[3 * pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            rgb[3 * i] = (byte) (pixels[i] >> 16);
            rgb[3 * i + 1] = (byte) (pixels[i] >> 8);
            rgb[3 * i + 2] = (byte) pixels[i];
        }
        return rgb;
    }

    private static boolean isGrey(BufferedImage image) {
        return image.getColorModel() instanceof ComponentColorModel colors
                && colors.getColorSpace().getType() == ColorSpace.TYPE_GRAY
                && colors.getComponentSize(0) >= Byte.SIZE;
    }

    /** Levels as they are in the file: {@code getRGB} takes grey levels for linear light and makes them brighter. */
    private static byte[] rgbOfGrey(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        int[] levels = image.getRaster().getSamples(0, 0, width, height, 0, new int[width * height]);
        int surplusBits = image.getColorModel().getComponentSize(0) - Byte.SIZE;
        byte[] rgb = new byte[3 * levels.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (levels[i / 3] >> surplusBits);
        }
        return rgb;
    }

    /** Latents of a safetensors file with one tensor, or one called {@code latents}: float32 {@code [T, C, h, w]}, a batch of one removed. */
    public static Tensor latents(Path file) {
        try (TensorScope scope = TensorScope.open();
                WeightMap tensors = SafetensorsFile.open(file)) {
            String name = tensors.names().size() == 1
                    ? tensors.names().iterator().next()
                    : LATENT_NAMES.stream()
                            .filter(tensors::has)
                            .findFirst()
                            .orElseThrow(() -> new IllegalArgumentException(
                                    file + ": which of " + tensors.names() + " are the latents?"));
            Tensor latents = Ops.copyF32(tensors.get(name));
            if (latents.dim() == 5 && latents.size(0) == 1) {
                latents = latents.squeeze(0);
            }
            if (latents.dim() != 4) {
                throw new IllegalArgumentException(
                        file + ": latents need the shape [T, C, h, w], not " + Arrays.toString(Tensors.shape(latents)));
            }
            return scope.keep(latents);
        }
    }
}
