package io.arvid.compare;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** FVD-FP of Q-ARVD's Table 1 for Self Forcing: what the order of methods is compared with. */
final class PublishedResults {
    private static final List<String> METHODS =
            List.of("minmax", "adaround", "smoothquant", "ptq4dit", "svdquant", "q-arvd");
    private static final Map<String, List<Double>> FVD = Map.of(
            "w8a8", List.of(77.65, 68.24, 81.08, 68.47, 74.87, 64.51),
            "w4a8", List.of(260.14, 156.70, 220.30, 124.20, 150.03, 116.26),
            "w4a6", List.of(321.32, 224.95, 284.80, 174.17, 215.32, 146.01));

    private PublishedResults() {}

    /** By method; empty for settings that the paper does not have. */
    static Map<String, Double> fvd(String setting) {
        Map<String, Double> byMethod = new LinkedHashMap<>();
        List<Double> values = FVD.getOrDefault(setting, List.of());
        for (int i = 0; i < values.size(); i++) {
            byMethod.put(METHODS.get(i), values.get(i));
        }
        return byMethod;
    }
}
