package io.arvid.model;

/**
 * Where in a roll-out a forward pass stands.
 *
 * @param chunk index of the chunk that is being generated; 0 outside a roll-out; given latents are chunks … −2, −1
 * @param pass index of the pass within the chunk: denoising steps first, then the context pass; 0 for given latents
 * @param isContext true for the pass that writes the clean chunk into the cache
 * @param startFrame absolute index of the first latent frame
 * @param frameCount latent frames of this pass
 * @param timestep timestep of the pass's first frame, 0 … 1000
 */
public record RolloutStep(int chunk, int pass, boolean isContext, int startFrame, int frameCount, double timestep) {
    /** A forward pass over a whole clip at one timestep, outside any roll-out. */
    public static RolloutStep wholeClip(int frameCount, double timestep) {
        return new RolloutStep(0, 0, false, 0, frameCount, timestep);
    }
}
