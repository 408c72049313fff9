package io.arvid.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VideoFileTest {
    private static final int FRAMES = 17;
    private static final int SIZE = 64;
    private static final double FRAMES_PER_SECOND = 16;

    @TempDir
    Path folder;

    private final TensorScope scope = TensorScope.open();

    @AfterEach
    void close() {
        scope.close();
    }

    /** A bright disc that crosses a dark blue ground, with soft edges. */
    private static Tensor disc(int frames, int height, int width) {
        float[] values = new float[frames * 3 * height * width];
        float[] ground = {0.06f, 0.10f, 0.30f};
        float[] paint = {0.90f, 0.20f, 0.15f};
        int i = 0;
        for (int t = 0; t < frames; t++) {
            double centre = width * (0.2 + 0.6 * t / frames);
            for (int c = 0; c < 3; c++) {
                for (int y = 0; y < height; y++) {
                    for (int x = 0; x < width; x++) {
                        double distance = Math.hypot(x - centre, y - height / 2.0) - height / 5.0;
                        double cover = Math.clamp(0.5 - distance, 0, 1);
                        values[i++] = (float) (cover * paint[c] + (1 - cover) * ground[c]);
                    }
                }
            }
        }
        return Tensors.of(values, frames, 3, height, width);
    }

    private static double psnr(Tensor a, Tensor b) {
        return -10 * Math.log10(Tensors.item(Ops.meanSquaredError(Ops.toF64(a), Ops.toF64(b))));
    }

    @BeforeAll
    static void useOneThread() {
        Torch.setThreads(1);
    }

    @Test
    void losslessFilesComeBackByteForByte() {
        Tensor video = disc(5, 38, 50);
        Path file = folder.resolve("disc.mkv");
        VideoFile.write(file, video, FRAMES_PER_SECOND, VideoEncoding.LOSSLESS);
        Tensor back = VideoFile.read(file);
        assertThat(Tensors.shape(back)).containsExactly(5, 3, 38, 50);
        for (int t = 0; t < 5; t++) {
            assertThat(Frames.rgb(back, t)).isEqualTo(Frames.rgb(video, t));
        }
    }

    @Test
    void mp4KeepsEveryFrameAndItsLook() throws IOException {
        Tensor video = Frames.enlarge(disc(FRAMES, SIZE, SIZE), 4);
        Path file = folder.resolve("disc.mp4");
        VideoFile.write(file, video, FRAMES_PER_SECOND, VideoEncoding.MP4);
        Tensor back = VideoFile.read(file);
        assertThat(Tensors.shape(back)).containsExactly(FRAMES, 3, 4 * SIZE, 4 * SIZE);
        assertThat(psnr(back, video)).isGreaterThan(35);
        String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertThat(bytes).contains("avc1").doesNotContain("mp4v");
        assertThat(bytes).as("primaries, curve and matrix").contains("colrnclx\0\1\0\1\0\6");
        assertThat(bytes.indexOf("moov"))
                .as("the index stands before the pictures")
                .isLessThan(bytes.indexOf("mdat"));
    }

    @Test
    void aFailedWriteLeavesNothing() throws IOException {
        Path file = folder.resolve("odd.mp4");
        assertThatThrownBy(() -> VideoFile.write(file, disc(2, 33, 40), FRAMES_PER_SECOND, VideoEncoding.MP4))
                .hasMessageContaining("even width and height, not 40×33");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void framesOfAnotherSizeAndNoFramesAreRefused() throws IOException {
        Path file = folder.resolve("disc.mkv");
        assertThatThrownBy(() -> stream(file, sink -> sink.accept(disc(1, 16, 20))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("frames of 20×16 do not belong into a video of 40×32");
        assertThatThrownBy(() -> stream(file, sink -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a video file needs a frame");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    private static void stream(Path file, Consumer<VideoFile.Sink> source) {
        VideoFile.stream(file, 32, 40, FRAMES_PER_SECOND, VideoEncoding.LOSSLESS, source);
    }

    @Test
    void aFileThatIsNoVideoIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("text.mp4"), "no video");
        assertThatThrownBy(() -> VideoFile.read(file)).hasMessageContaining("text.mp4: cannot be read as a video");
    }

    @Test
    void differenceIsBlackWhereVideosAgree() {
        Tensor video = disc(2, 16, 16);
        assertThat(Tensors.toFloats(Frames.difference(video, video, 8))).containsOnly(0f);
        Tensor brighter = Ops.add(video, 0.01);
        assertThat(Tensors.toFloats(Frames.difference(video, brighter, 8))[0]).isEqualTo(0.08f, within(1e-4f));
    }

    @Test
    void differenceOfBytesIsThatOfTheirShares() {
        Tensor video = Tensors.zeros(DTypes.U8, 2, 3, 4, 4);
        Tensor brighter = Ops.to(Tensors.full(DTypes.F32, 3, 2, 3, 4, 4), DTypes.U8);
        assertThat(Tensors.toFloats(Frames.difference(brighter, video, 8))[0]).isEqualTo(24 / 255f, within(1e-6f));
    }

    private static org.assertj.core.data.Offset<Float> within(float offset) {
        return org.assertj.core.data.Offset.offset(offset);
    }

    @Test
    void contactSheetHasARowAVideo() throws IOException {
        Path file = folder.resolve("sheet.png");
        Tensor video = disc(9, 32, 32);
        ContactSheet.write(
                file, List.of(new ContactSheet.Row("full precision", video), new ContactSheet.Row("Q-ARVD", video)), 5);
        BufferedImage sheet = ImageIO.read(file.toFile());
        assertThat(sheet.getWidth()).isEqualTo(5 * 100 + 4);
        assertThat(sheet.getHeight()).isEqualTo(2 * (96 + 26) + 4);
    }
}
