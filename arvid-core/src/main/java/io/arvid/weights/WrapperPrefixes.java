package io.arvid.weights;

import java.util.Collection;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What training wrappers leave in parameter names: FSDP, activation checkpointing and {@code torch.compile} put a component of their own anywhere in
 * a name, data parallelism and wrapper modules put one in front of all names (Self-Forcing {@code utils/distributed.py} EMA_FSDP,
 * {@code trainer/distillation.py}; Causal-Forcing {@code inference.py}).
 */
public final class WrapperPrefixes {
    private static final List<String> ANYWHERE =
            List.of("_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod.");
    private static final List<String> IN_FRONT_OF_ALL = List.of("module.", "model.");

    private WrapperPrefixes() {}

    /** The renaming that takes all wrappers off a state dict with {@code names}. */
    public static UnaryOperator<String> strip(Collection<String> names) {
        String front = "";
        for (boolean found = !names.isEmpty(); found; ) {
            found = false;
            for (String prefix : IN_FRONT_OF_ALL) {
                String longer = front + prefix;
                if (names.stream().allMatch(name -> withoutWrappers(name).startsWith(longer))) {
                    front = longer;
                    found = true;
                }
            }
        }
        int length = front.length();
        return name -> withoutWrappers(name).substring(length);
    }

    private static String withoutWrappers(String name) {
        String stripped = name;
        for (String wrapper : ANYWHERE) {
            stripped = stripped.replace(wrapper, "");
        }
        return stripped;
    }
}
