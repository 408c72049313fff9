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

    /**
     * The site that parameters call {@code name}.
     *
     * @throws IllegalArgumentException where no layer is called so
     */
    public static LinearSite named(String name, int inFeatures, int outFeatures) {
        for (SiteRole role : SiteRole.values()) {
            if (!role.isInBlock() && name.equals(role.suffix())) {
                return new LinearSite(name, role, -1, inFeatures, outFeatures);
            }
            String pattern = "blocks\\.[0-9]{1,6}\\." + java.util.regex.Pattern.quote(role.suffix());
            if (role.isInBlock() && name.matches(pattern)) {
                int block = Integer.parseInt(name.substring("blocks.".length(), name.indexOf('.', "blocks.".length())));
                return new LinearSite(name, role, block, inFeatures, outFeatures);
            }
        }
        throw new IllegalArgumentException("no linear layer is called '" + name + "'");
    }

    /** Number of weights, without the bias. */
    public long weightCount() {
        return (long) inFeatures * outFeatures;
    }
}
