package io.arvid.run;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.vae.LatentStatistics;
import io.arvid.rollout.RolloutConfig;
import io.arvid.rollout.preset.Guided;
import io.arvid.weights.CheckpointException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code config.json} of a {@link ModelFolder} says; a model with a {@code sampler} is bidirectional, its roll-out one chunk. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ModelConfig(
        @JsonProperty("name") String name,
        @JsonProperty("transformer") WanConfig transformer,
        @JsonProperty("text_encoder") UmtConfig textEncoder,
        @JsonProperty("autoencoder") TinyVideoAutoencoder.Config autoencoder,
        @JsonProperty("latents") LatentStatistics latents,
        @JsonProperty("rollout") RolloutConfig rollout,
        @JsonProperty("video") Video video,

        @JsonProperty("sampler") @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
        Guided sampler) {
    private static final JsonMapper JSON = new JsonMapper();

    /** Measures of the videos. */
    public record Video(
            @JsonProperty("width") int width,
            @JsonProperty("height") int height,
            @JsonProperty("frames") int frames,
            @JsonProperty("fps") double framesPerSecond) {
        /** Latent frames of a video: the first frame is one, four more are another. */
        public int latentFrames() {
            return 1 + (frames - 1) / TinyVideoAutoencoder.TIME_FACTOR;
        }
    }

    /** Of a model that is rolled out. */
    public ModelConfig(
            String name,
            WanConfig transformer,
            UmtConfig textEncoder,
            TinyVideoAutoencoder.Config autoencoder,
            LatentStatistics latents,
            RolloutConfig rollout,
            Video video) {
        this(name, transformer, textEncoder, autoencoder, latents, rollout, video, null);
    }

    /** Checks that nothing is missing. */
    public ModelConfig {
        Map<String, @Nullable Object> parts = new HashMap<>();
        parts.put("name", name);
        parts.put("transformer", transformer);
        parts.put("text_encoder", textEncoder);
        parts.put("autoencoder", autoencoder);
        parts.put("latents", latents);
        parts.put("rollout", rollout);
        parts.put("video", video);
        List<String> missing = parts.entrySet().stream()
                .filter(part -> part.getValue() == null)
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException(
                    "lacks " + String.join(", ", missing) + "; a published model is named with --preset");
        }
    }

    /** The configuration of the model in {@code folder}, without its weights. */
    public static ModelConfig read(Path folder) {
        Path file = folder.resolve(ModelFolder.CONFIG);
        try {
            return JSON.readValue(file.toFile(), ModelConfig.class);
        } catch (JsonProcessingException e) {
            throw new CheckpointException(file, e.getOriginalMessage());
        } catch (IOException e) {
            throw new CheckpointException(file, "cannot be read: " + e.getMessage());
        }
    }
}
