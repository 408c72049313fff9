package io.arvid.model;

/**
 * A place in a model where a linear layer stands.
 *
 * @param name parameter name without {@code .weight}, such as {@code blocks.3.ffn.2}
 * @param role what the layer does
 * @param block index of its transformer block, −1 outside the blocks
 * @param inFeatures input channels
 * @param outFeatures output channels
 */
public record LinearSite(String name, SiteRole role, int block, int inFeatures, int outFeatures) {
    /** The site of {@code role} in {@code block}; pass −1 outside the blocks. */
    public static LinearSite of(SiteRole role, int block, int inFeatures, int outFeatures) {
        String name = role.isInBlock() ? "blocks." + block + "." + role.suffix() : role.suffix();
        return new LinearSite(name, role, block, inFeatures, outFeatures);
    }

    /** Number of weights, without the bias. */
    public long weightCount() {
        return (long) inFeatures * outFeatures;
    }
}
