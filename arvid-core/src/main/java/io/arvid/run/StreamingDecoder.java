package io.arvid.run;

import io.arvid.model.wan.Checkpoints;
import io.arvid.model.wan.ModelCard;
import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.model.wan.vae.LatentStatistics;
import io.arvid.model.wan.vae.WanVae;
import io.arvid.model.wan.vae.WanVaeConfig;
import io.arvid.rollout.preset.ModelFiles;
import io.arvid.rollout.preset.VideoSize;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.video.VideoEncoding;
import io.arvid.video.VideoFile;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;

/**
 * Latents to a video file, one latent frame at a time: memory does not grow with the length of the video. The autoencoder is opened for one video and given
 * back after it.
 *
 * @param files where its weights are
 * @param network which autoencoder: the one of Wan 2.1, or the tiny one, whose pictures are coarser and which is many times faster
 */
public record StreamingDecoder(ModelFiles files, ModelCard.Network network) {
    private static final int TINY_EXTRA_FRAMES = TinyVideoAutoencoder.TIME_FACTOR - 1;

    /** The autoencoder of Wan 2.1 where it is among {@code files}, otherwise the tiny one. */
    public static StreamingDecoder of(ModelFiles files) {
        boolean tinyOnly =
                !files.has(ModelCard.Network.VIDEO_AUTOENCODER) && files.has(ModelCard.Network.TINY_AUTOENCODER);
        return new StreamingDecoder(
                files, tinyOnly ? ModelCard.Network.TINY_AUTOENCODER : ModelCard.Network.VIDEO_AUTOENCODER);
    }

    /**
     * Checks that its weights are there.
     *
     * @throws io.arvid.weights.MissingFileException naming what was found where they are not
     */
    public void requireWeights() {
        files.network(network);
    }

    /** Writes latents {@code [1, F, C, h, w]} as a video; {@code onFrame} hears of every decoded latent frame. */
    public void write(Path file, Tensor latents, VideoSize size, Runnable onFrame) {
        try (WeightMap weights = Checkpoints.open(files.network(network)).onCurrentDevice()) {
            VideoFile.stream(
                    file,
                    size.height(),
                    size.width(),
                    size.fps(),
                    VideoEncoding.MP4,
                    sink -> decode(latents, weights, sink, onFrame));
        }
    }

    /** Hands the pictures of latents {@code [1, F, C, h, w]} to {@code sink}, in order. */
    public void decode(Tensor latents, VideoFile.Sink sink, Runnable onFrame) {
        try (WeightMap weights = Checkpoints.open(files.network(network)).onCurrentDevice()) {
            decode(latents, weights, sink, onFrame);
        }
    }

    private void decode(Tensor latents, WeightMap weights, VideoFile.Sink sink, Runnable onFrame) {
        if (network == ModelCard.Network.TINY_AUTOENCODER) {
            TinyVideoAutoencoder tiny = new TinyVideoAutoencoder(TinyVideoAutoencoder.Config.taew2_1(), weights);
            try (TinyVideoAutoencoder.Decoding stream = tiny.startDecoding()) {
                for (long frame = 0; frame < latents.size(1); frame++) {
                    long index = frame;
                    TensorScope.runAndFree(() -> {
                        Tensor latent =
                                Ops.toTypeOf(Ops.slice(latents, 1, index, index + 1), weights.get("decoder.1.bias"));
                        Tensor pictures = stream.decode(latent).squeeze(0);
                        long from = index == 0 ? TINY_EXTRA_FRAMES : 0;
                        accept(sink, Ops.slice(pictures, 0, from, pictures.size(0)));
                    });
                    onFrame.run();
                }
            }
        } else {
            WanVae vae = new WanVae(WanVaeConfig.wan2_1(), LatentStatistics.wan2_1(), weights);
            try (WanVae.Decoding stream = vae.startDecoding()) {
                for (long frame = 0; frame < latents.size(1); frame++) {
                    long index = frame;
                    TensorScope.runAndFree(() -> {
                        Tensor latent = Ops.toF32(Ops.slice(latents, 1, index, index + 1));
                        Tensor pictures = stream.decode(latent).squeeze(0);
                        accept(sink, Ops.div(Ops.add(pictures, 1), 2));
                    });
                    onFrame.run();
                }
            }
        }
    }

    private static void accept(VideoFile.Sink sink, Tensor pictures) {
        sink.accept(Ops.clamp(Ops.toF32(pictures), 0, 1));
    }
}
