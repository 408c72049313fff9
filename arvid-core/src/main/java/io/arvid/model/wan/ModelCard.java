package io.arvid.model.wan;

import io.arvid.model.LinearSite;
import io.arvid.tensor.DTypes;
import io.arvid.weights.CheckpointFile;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What one group of a checkpoint is, recognised by its parameter names and shapes.
 *
 * @param file the checkpoint
 * @param format how it is stored
 * @param group which of its groups; empty where it has one
 * @param network which network it is
 * @param model id of the published model of these sizes, such as {@code wan2.1-t2v-1.3b}; empty for other sizes
 * @param title the same in words
 * @param origin how the weights came about, as far as the file shows
 * @param layout whose parameter names it uses
 * @param config sizes of a transformer; null for other networks
 * @param parametersByType number of parameters of each number type
 * @param bytes bytes of all tensors
 * @param missing parameters of this network that are not in the file
 * @param unexpected parameters in the file that this network does not have
 * @param misshapen parameters with another shape than the published one
 */
public record ModelCard(
        Path file,
        CheckpointFile.Format format,
        String group,
        Network network,
        String model,
        String title,
        Origin origin,
        Layout layout,
        @Nullable WanConfig config,
        SequencedMap<DTypes, Long> parametersByType,
        long bytes,
        List<String> missing,
        List<String> unexpected,
        List<String> misshapen) {
    /** The networks of a Wan pipeline. */
    public enum Network {
        TRANSFORMER,
        VIDEO_AUTOENCODER,
        TEXT_ENCODER,
        TINY_AUTOENCODER,
        UNKNOWN
    }

    /**
     * How a transformer was trained. The causal models have the names and shapes of the model they were made from; what shows is the file that their
     * trainers write: groups generator, generator_ema and critic with the names of a wrapper. The members of that family (Self-Forcing with DMD or
     * SiD, Causal-Forcing, Rolling Forcing) cannot be told apart by anything in the file but the values: a preset says which one it is.
     */
    public enum Origin {
        BASE,
        CAUSAL_FEW_STEP,
        CRITIC,
        SYNTHETIC,
        UNKNOWN
    }

    /** Whose parameter names a network uses. */
    public enum Layout {
        ORIGINAL,
        DIFFUSERS
    }

    /** Number of parameters. */
    public long parameters() {
        return parametersByType.values().stream().mapToLong(Long::longValue).sum();
    }

    /** True where every parameter is there with its shape and nothing else is. */
    public boolean isComplete() {
        return network != Network.UNKNOWN && missing.isEmpty() && unexpected.isEmpty() && misshapen.isEmpty();
    }

    /** The linear layers of a transformer in forward order; empty for other networks. */
    public List<LinearSite> sites() {
        return config == null ? List.of() : config.sites();
    }
}
