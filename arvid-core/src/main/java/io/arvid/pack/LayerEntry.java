package io.arvid.pack;

import io.arvid.quantize.scheme.WeightRule;
import java.util.List;

/**
 * A quantized layer in {@code config.json}.
 *
 * @param weights grid and granularity of the codes
 * @param input structure of its input plan
 * @param corrections in the order of their effect on the input
 */
record LayerEntry(WeightRule weights, InputEntry input, List<CorrectionEntry> corrections) {
    LayerEntry {
        corrections = List.copyOf(corrections);
    }
}
