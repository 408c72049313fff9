package io.arvid.model.wan;

import java.util.Collection;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Parameter names of the Wan video autoencoder in the diffusers layout (diffusers {@code scripts/convert_wan_to_diffusers.py}, {@code AutoencoderKLWan}). The
 * tensors themselves are those of {@code Wan2.1_VAE.pth}.
 */
final class DiffusersVaeNames {
    /** Layers of a level of the decoder: three residual blocks and the upsampling after them. */
    private static final int LAYERS_OF_A_LEVEL = 4;

    private static final Map<String, String> OUTER = Map.of(
            "quant_conv", "conv1",
            "post_quant_conv", "conv2",
            "conv_in", "conv1",
            "norm_out", "head.0",
            "conv_out", "head.2");

    private static final Map<String, String> IN_RESIDUAL = Map.of(
            "norm1", "residual.0",
            "conv1", "residual.2",
            "norm2", "residual.3",
            "conv2", "residual.6",
            "conv_shortcut", "shortcut");

    private static final Pattern MIDDLE =
            Pattern.compile("(encoder|decoder)\\.mid_block\\.(resnets|attentions)\\.(\\d{1,4})\\.(.+)");
    private static final Pattern DOWN = Pattern.compile("encoder\\.down_blocks\\.(\\d+)\\.(.+)");
    private static final Pattern UP =
            Pattern.compile("decoder\\.up_blocks\\.(\\d{1,4})\\.(resnets|upsamplers)\\.(\\d{1,4})\\.(.+)");

    private DiffusersVaeNames() {}

    /** True where {@code names} are those of the diffusers layout. */
    static boolean areIn(Collection<String> names) {
        return names.stream().anyMatch(name -> MIDDLE.matcher(name).matches());
    }

    /** The original name of a parameter with the diffusers name {@code name}; a name that is not in the layout stays as it is. */
    static String toOriginal(String name) {
        Matcher middle = MIDDLE.matcher(name);
        if (middle.matches()) {
            boolean attention = middle.group(2).equals("attentions");
            int index = attention ? 1 : 2 * Integer.parseInt(middle.group(3));
            return middle.group(1) + ".middle." + index + "." + renamed(IN_RESIDUAL, middle.group(4));
        }
        Matcher down = DOWN.matcher(name);
        if (down.matches()) {
            return "encoder.downsamples." + down.group(1) + "." + renamed(IN_RESIDUAL, down.group(2));
        }
        Matcher up = UP.matcher(name);
        if (up.matches()) {
            boolean residual = up.group(2).equals("resnets");
            int within = residual ? Integer.parseInt(up.group(3)) : LAYERS_OF_A_LEVEL - 1;
            int index = LAYERS_OF_A_LEVEL * Integer.parseInt(up.group(1)) + within;
            return "decoder.upsamples." + index + "." + renamed(IN_RESIDUAL, up.group(4));
        }
        int dot = name.indexOf('.');
        String part = name.substring(0, dot + 1);
        return part.equals("encoder.") || part.equals("decoder.")
                ? part + renamed(OUTER, name.substring(dot + 1))
                : renamed(OUTER, name);
    }

    /** {@code name} with the module in front of its last dot replaced. */
    private static String renamed(Map<String, String> modules, String name) {
        int dot = name.lastIndexOf('.');
        String module = name.substring(0, Math.max(dot, 0));
        return modules.containsKey(module) ? modules.get(module) + name.substring(dot) : name;
    }
}
