package io.arvid.compare;

import io.arvid.model.SiteForward;
import io.arvid.rollout.KvStore;
import io.arvid.run.Generator;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.video.VideoEncoding;
import io.arvid.video.VideoFile;
import io.arvid.weights.SafetensorsWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The videos of one model on disk, latents and lossless frames.
 *
 * @param generator makes them
 * @param folder where they lie
 */
record Footage(Generator generator, Path folder) {
    /** Makes {@code take} with {@code sites} in the linear layers and keys and values in {@code stores}, unless it is there. */
    void shoot(Take take, SiteForward sites, KvStore.Factory stores) {
        if (Files.exists(take.frames(folder)) && Files.exists(take.latents(folder))) {
            return;
        }
        TensorScope.runAndFree(() -> {
            Tensor latents = generator.latents(take.prompt(), take.seed(), sites, stores);
            Tensor video = generator.decode(latents);
            Tensor unit = DTypes.of(video) == DTypes.U8 ? Ops.div(Ops.toF32(video), 255) : video;
            SafetensorsWriter.write(take.latents(folder), Map.of("latents", latents.squeeze(0)), Map.of());
            VideoFile.write(
                    take.frames(folder),
                    unit,
                    generator.model().config().video().framesPerSecond(),
                    VideoEncoding.LOSSLESS);
        });
    }
}
