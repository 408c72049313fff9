package io.arvid.rollout.preset;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.model.wan.ModelCard;
import io.arvid.model.wan.ModelCard.Origin;
import io.arvid.rollout.RolloutConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a published model is run with.
 *
 * @param id its name on the command line
 * @param title the model, in words
 * @param upstream the file that the numbers come from
 * @param model id of the transformer's sizes, such as {@code wan2.1-t2v-1.3b}
 * @param groups groups of the checkpoint to take the weights from, the first that is there; empty for a file without groups
 * @param rolling true where chunks are denoised in a rolling window (Rolling Forcing), false where one after the other
 * @param rollout chunks, steps and cache of a causal model; null for the bidirectional one
 * @param sampler sampler of the bidirectional model; null for causal ones
 * @param video size of the videos
 * @param files the model's files
 */
public record Preset(
        @JsonProperty(value = "id", required = true) String id,
        @JsonProperty("title") String title,
        @JsonProperty("upstream") String upstream,
        @JsonProperty(value = "model", required = true) String model,
        @JsonProperty("groups") List<String> groups,
        @JsonProperty("rolling") boolean rolling,
        @JsonProperty("rollout") @Nullable RolloutConfig rollout,
        @JsonProperty("sampler") @Nullable Guided sampler,
        @JsonProperty(value = "video", required = true) VideoSize video,
        @JsonProperty("files") List<RemoteFile> files) {
    /** Checks that the preset says how the model is run, in one way. */
    public Preset {
        if ((rollout == null) == (sampler == null)) {
            throw new IllegalArgumentException("preset '" + id + "' needs either a rollout or a sampler");
        }
        groups = groups == null ? List.of() : List.copyOf(groups);
        files = files == null ? List.of() : List.copyOf(files);
    }

    /** True for a causal model. */
    @JsonIgnore
    public boolean isCausal() {
        return rollout != null;
    }

    /**
     * True where {@code card} may be this preset's transformer: the sizes and the way of training that show in the file fit. Random weights fit every
     * preset, in fewer blocks, too.
     */
    public boolean fits(ModelCard card) {
        Origin origin = isCausal() ? Origin.CAUSAL_FEW_STEP : Origin.BASE;
        return card.origin() == Origin.SYNTHETIC
                ? card.network() == ModelCard.Network.TRANSFORMER
                : card.model().equals(model) && card.origin() == origin;
    }

    /**
     * True where {@code card} has this preset's sizes and nothing speaks against it but that the file does not show how it was trained: a causal model that was
     * taken out of its trainer's groups looks like the bidirectional one.
     */
    public boolean mayFit(ModelCard card) {
        boolean undecided = card.origin() == Origin.UNKNOWN || card.origin() == Origin.BASE;
        return fits(card)
                || card.network() == ModelCard.Network.TRANSFORMER
                        && card.model().equals(model)
                        && undecided;
    }

    /** Those of {@code cards} that lie in a file of the preset's own, by its path or by its name; all of them where none does. */
    public List<ModelCard> own(List<ModelCard> cards) {
        for (Predicate<ModelCard> lies : List.<Predicate<ModelCard>>of(this::owns, this::ownsName)) {
            List<ModelCard> own = cards.stream().filter(lies).toList();
            if (!own.isEmpty()) {
                return own;
            }
        }
        return cards;
    }

    /** True where {@code card} lies in a file of the preset's own, by its whole path. */
    public boolean owns(ModelCard card) {
        Path file = card.file().toAbsolutePath();
        return files.stream().anyMatch(own -> file.endsWith(own.path()));
    }

    private boolean ownsName(ModelCard card) {
        return files.stream()
                .anyMatch(own -> card.file().endsWith(Path.of(own.path()).getFileName()));
    }

    /** The preferred of {@code cards} that fit: the first in the order of {@link #groups}; null where none fits. */
    public @Nullable ModelCard choose(List<ModelCard> cards) {
        return preferred(cards.stream().filter(this::fits).toList());
    }

    /** The first of {@code fitting} in the order of {@link #groups}, or the first of all; null where there is none. */
    @Nullable
    ModelCard preferred(List<ModelCard> fitting) {
        for (String group : groups) {
            for (ModelCard card : fitting) {
                if (card.group().equals(group)) {
                    return card;
                }
            }
        }
        return fitting.isEmpty() ? null : fitting.getFirst();
    }

    /**
     * This preset with other settings.
     *
     * @throws IllegalArgumentException where a setting does not apply to this model or does not fit
     */
    public Preset with(Overrides overrides) {
        List<String> foreign = isCausal() ? overrides.guidedOnly() : overrides.causalOnly();
        if (!foreign.isEmpty()) {
            throw new IllegalArgumentException("preset '" + id + "' has no " + String.join(", ", foreign) + ": it is "
                    + (isCausal() ? "a few-step causal model" : "the bidirectional model"));
        }
        return new Preset(
                id,
                title,
                upstream,
                model,
                groups,
                rolling,
                rollout == null ? null : rollout(rollout, overrides),
                sampler == null ? null : sampler(sampler, overrides),
                new VideoSize(
                        Overrides.or(overrides.height(), video.height()),
                        Overrides.or(overrides.width(), video.width()),
                        Overrides.or(overrides.frames(), video.frames()),
                        video.fps()),
                files);
    }

    private static RolloutConfig rollout(RolloutConfig config, Overrides overrides) {
        int[] steps = overrides.fallingSteps();
        return new RolloutConfig(
                Overrides.or(overrides.chunkFrames(), config.framesPerChunk()),
                config.independentFirstFrame(),
                steps == null ? config.denoisingSteps() : steps,
                steps == null ? config.firstChunkSteps() : null,
                config.warpSteps(),
                Overrides.or(overrides.shift(), config.shift()),
                config.contextNoise(),
                config.localAttentionFrames(),
                config.sinkFrames());
    }

    private static Guided sampler(Guided sampler, Overrides overrides) {
        return new Guided(
                Overrides.or(overrides.solver(), sampler.solver()),
                Overrides.or(overrides.solverSteps(), sampler.steps()),
                Overrides.or(overrides.shift(), sampler.shift()),
                Overrides.or(overrides.guidance(), sampler.guidance()),
                Overrides.or(overrides.unguidedSteps(), sampler.unguidedSteps()),
                Overrides.or(overrides.negativePrompt(), sampler.negativePrompt()));
    }
}
