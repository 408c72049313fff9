package io.arvid.video;

import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder_by_name;
import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_FATAL;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_BGR0;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BICUBIC;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INP;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INT;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.bytedeco.javacv.FFmpegFrameGrabber;
import org.bytedeco.javacv.FFmpegFrameRecorder;
import org.bytedeco.javacv.Frame;
import org.bytedeco.javacv.FrameGrabber;
import org.bytedeco.pytorch.Tensor;

/** Writes and reads videos {@code [T, 3, H, W]} in [0, 1] through FFmpeg. */
public final class VideoFile {
    /** Pictures between two that stand on their own: a player can jump anywhere without much decoding. */
    private static final int KEY_FRAME_EVERY = 8;

    /** Coarsest and finest quantizer step of H.264 (0 … 51) that may be used. */
    private static final int COARSEST_STEP = 18;

    private static final int FINEST_STEP = 8;
    private static final int BITS_PER_PIXEL = 4;

    /** FFmpeg's conversion from RGB is BT.601's; players take untagged videos of 720 rows and more for BT.709. */
    private static final Map<String, String> COLORS =
            Map.of("color_primaries", "bt709", "color_trc", "bt709", "colorspace", "smpte170m", "color_range", "tv");

    /** Less than FFmpeg writes at a time: a disk with less is full. */
    private static final long LEAST_FREE_BYTES = 1 << 16;

    private static final int SCALING = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP | SWS_FULL_CHR_H_INT;

    static {
        av_log_set_level(AV_LOG_FATAL);
    }

    private VideoFile() {}

    /** Takes the next frames of a video, {@code [T, 3, H, W]} in [0, 1]. */
    @FunctionalInterface
    public interface Sink {
        /** These frames come next. */
        void accept(Tensor frames);
    }

    /**
     * Writes a video that comes piece by piece, as a file that is there whole or not at all.
     *
     * @param height pixel rows, even
     * @param width pixel columns, even
     * @param source hands over the frames
     * @throws IllegalArgumentException where a side is odd, frames have another size, or there are none
     */
    public static void stream(
            Path file, int height, int width, double framesPerSecond, VideoEncoding encoding, Consumer<Sink> source) {
        if (height % 2 != 0 || width % 2 != 0) {
            throw new IllegalArgumentException(
                    file + ": a video file needs an even width and height, not " + width + "×" + height);
        }
        AtomicFile.writeNamed(
                file,
                temporary ->
                        requireWhole(temporary, encode(temporary, height, width, framesPerSecond, encoding, source)));
    }

    /** Writes {@code video} as a file that is there whole or not at all. Width and height must be even: FFmpeg's recorder writes no others. */
    public static void write(Path file, Tensor video, double framesPerSecond, VideoEncoding encoding) {
        Frames.requireVideo(video);
        int height = (int) video.size(2);
        int width = (int) video.size(3);
        stream(file, height, width, framesPerSecond, encoding, sink -> sink.accept(video));
    }

    /** FFmpeg's recorder says nothing of a write that fails, as on a full disk: what was written must read back whole. */
    private static void requireWhole(Path file, long frames) throws IOException {
        long found = 0;
        try (FFmpegFrameGrabber grabber = new FFmpegFrameGrabber(file.toFile())) {
            grabber.setImageMode(FrameGrabber.ImageMode.RAW);
            grabber.start();
            while (grabber.grabImage() != null) {
                found++;
            }
        } catch (FrameGrabber.Exception e) {
            // Counts as frames that are missing.
        }
        if (found != frames) {
            boolean full = Files.getFileStore(file).getUsableSpace() < LEAST_FREE_BYTES;
            throw new IOException(
                    full ? "No space left on device" : "only " + found + " of " + frames + " frames can be read back");
        }
    }

    /** Number of frames that {@code source} handed over. */
    private static long encode(
            Path file, int height, int width, double framesPerSecond, VideoEncoding encoding, Consumer<Sink> source)
            throws IOException {
        try (FFmpegFrameRecorder recorder = new FFmpegFrameRecorder(file.toFile(), width, height)) {
            recorder.setFormat(encoding.container());
            recorder.setVideoCodecName(encoder(encoding));
            recorder.setFrameRate(framesPerSecond);
            recorder.setImageScalingFlags(SCALING);
            switch (encoding) {
                case MP4 -> {
                    recorder.setPixelFormat(AV_PIX_FMT_YUV420P);
                    recorder.setGopSize(KEY_FRAME_EVERY);
                    recorder.setVideoBitrate((int) Math.min(width * height * framesPerSecond * BITS_PER_PIXEL, 1e8));
                    recorder.setVideoOption("qmin", String.valueOf(FINEST_STEP));
                    recorder.setVideoOption("qmax", String.valueOf(COARSEST_STEP));
                    recorder.setOption("movflags", "+faststart");
                    COLORS.forEach(recorder::setVideoOption);
                }
                case LOSSLESS -> recorder.setPixelFormat(AV_PIX_FMT_BGR0);
            }
            recorder.start();
            AtomicLong count = new AtomicLong();
            source.accept(frames -> {
                requireSize(frames, height, width);
                record(recorder, frames);
                count.addAndGet(frames.size(0));
            });
            if (count.get() == 0) {
                throw new IllegalArgumentException("a video file needs a frame");
            }
            recorder.stop();
            return count.get();
        }
    }

    /** FFmpeg's recorder would bring frames of another size to its own without a word. */
    private static void requireSize(Tensor frames, int height, int width) {
        Frames.requireVideo(frames);
        if (frames.size(2) != height || frames.size(3) != width) {
            throw new IllegalArgumentException("frames of " + frames.size(3) + "×" + frames.size(2)
                    + " do not belong into a video of " + width + "×" + height);
        }
    }

    private static void record(FFmpegFrameRecorder recorder, Tensor frames) {
        int width = (int) frames.size(3);
        try {
            for (int t = 0; t < frames.size(0); t++) {
                recorder.recordImage(
                        width,
                        (int) frames.size(2),
                        Frame.DEPTH_UBYTE,
                        3,
                        3 * width,
                        AV_PIX_FMT_RGB24,
                        ByteBuffer.wrap(Frames.rgb(frames, t)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The encoder is asked for by name: left to itself, the recorder takes another one without a word. */
    private static String encoder(VideoEncoding encoding) {
        return encoding.encoders().stream()
                .filter(name -> avcodec_find_encoder_by_name(name) != null)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "FFmpeg has none of the encoders " + String.join(", ", encoding.encoders())));
    }

    /** All frames of {@code file}: float32 {@code [T, 3, H, W]} in [0, 1]. */
    public static Tensor read(Path file) {
        return TensorScope.run(() -> Ops.div(Ops.toF32(readBytes(file)), 255));
    }

    /** All frames of {@code file}: uint8 {@code [T, 3, H, W]}, a quarter of the memory. */
    public static Tensor readBytes(Path file) {
        if (Files.notExists(file)) {
            throw new UncheckedIOException(new NoSuchFileException(file.toString()));
        }
        try (FFmpegFrameGrabber grabber = new FFmpegFrameGrabber(file.toFile())) {
            grabber.setPixelFormat(AV_PIX_FMT_RGB24);
            grabber.setImageScalingFlags(SCALING);
            grabber.start();
            List<byte[]> frames = new ArrayList<>();
            int height = grabber.getImageHeight();
            int width = grabber.getImageWidth();
            for (Frame frame = grabber.grabImage(); frame != null; frame = grabber.grabImage()) {
                frames.add(packed(frame, height, width));
            }
            if (frames.isEmpty()) {
                throw new IllegalArgumentException(file + ": no video in it");
            }
            return Frames.bytesOfRgb(frames, height, width);
        } catch (FrameGrabber.Exception e) {
            throw new UncheckedIOException(file + ": cannot be read as a video: " + e.getMessage(), e);
        }
    }

    /** FFmpeg pads rows; here they are close together. */
    private static byte[] packed(Frame frame, int height, int width) {
        ByteBuffer rows = (ByteBuffer) frame.image[0];
        byte[] packed = new byte[height * width * 3];
        for (int y = 0; y < height; y++) {
            rows.get(y * frame.imageStride, packed, y * width * 3, width * 3);
        }
        return packed;
    }
}
