package io.arvid.rollout;

/**
 * What a {@link RollingForcing} roll-out remembers.
 *
 * @param cachedFrames latent frames that the cache holds, the anchor included
 * @param attendedFrames latent frames that attention reads at most: anchor, past and window together
 */
public record RollingCacheSize(int cachedFrames, int attendedFrames) {
    /** The sizes of the published models. */
    public static final RollingCacheSize PUBLISHED = new RollingCacheSize(24, 21);
}
