package io.arvid.run.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.model.wan.WanConfig;
import java.util.List;

/**
 * What is measured.
 *
 * @param config sizes of the model; its number of blocks is that of a chunk step
 * @param latentRows rows of the latents
 * @param latentColumns columns of the latents
 * @param kvFrames latent frames that attention sees, the chunk's own three among them
 * @param threads threads of one operation
 * @param rounds timed runs of each contestant: of a layer, and of what takes longer
 * @param modelBlocks blocks of the whole model, which the memory of its keys and values is counted for
 */
public record BenchSettings(
        WanConfig config,
        int latentRows,
        int latentColumns,
        List<Integer> kvFrames,
        int threads,
        Rounds rounds,
        int modelBlocks) {
    /**
     * Timed runs of each contestant.
     *
     * @param layers of a layer
     * @param longer of a block, a chunk step, a roll-out
     */
    public record Rounds(
            @JsonProperty("layers") int layers,
            @JsonProperty("longer") int longer) {
        /** Seven runs of a layer, three of what takes seconds or minutes. */
        public static final Rounds STANDARD = new Rounds(7, 3);
    }

    /** Latent frames of a chunk. */
    public static final int CHUNK_FRAMES = 3;

    private static final int FULL_ROWS = 60;
    private static final int FULL_COLUMNS = 104;

    /** The model of 1.3 billion parameters at 832×480: 1560 tokens a frame, 4680 a chunk; {@code layers} blocks in a chunk step. */
    public static BenchSettings fullSized(int layers, int threads, Rounds rounds) {
        WanConfig config = WanConfig.wan1_3B();
        return new BenchSettings(
                config.withLayers(layers),
                FULL_ROWS,
                FULL_COLUMNS,
                List.of(3, 12, 21),
                threads,
                rounds,
                config.numLayers());
    }

    /** A model that takes no time, to try the command. */
    public static BenchSettings tiny(int threads, Rounds rounds) {
        WanConfig config = new WanConfig(64, 160, 2, 1, 32, 40, 8, 4, 4, new int[] {1, 2, 2}, 1e-6);
        return new BenchSettings(config, 8, 8, List.of(3, 6), threads, rounds, config.numLayers());
    }

    /** Tokens of a latent frame. */
    public int tokensPerFrame() {
        return config.tokensPerFrame(latentRows, latentColumns);
    }

    /** Tokens of a chunk. */
    public int chunkTokens() {
        return CHUNK_FRAMES * tokensPerFrame();
    }
}
