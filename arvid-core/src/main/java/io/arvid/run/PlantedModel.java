package io.arvid.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.model.SiteRole;
import io.arvid.model.wan.ChannelRescaling;
import io.arvid.quantize.qarvd.OutlierDetection;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.AtomicFolder;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;

/**
 * A second model with outlier channels that the first has not, and the same function ({@link ChannelRescaling}): whether a method copes with outliers
 * shows in what it loses from one to the other. Its name, its configuration and its card say that it is planted.
 */
public final class PlantedModel {
    /** Key in {@code config.json}. */
    public static final String KEY = "planted_outliers";

    private static final String CARD = "README.md";

    private PlantedModel() {}

    /**
     * What was planted in one layer.
     *
     * @param layer its name
     * @param gains gain of each planted input channel
     * @param found how many of them the paper's rule takes for outliers (Q-ARVD, step B)
     */
    public record Layer(String layer, Map<Integer, Integer> gains, long found) {}

    /** Writes the model in {@code source}, with outliers, to {@code target}, which must be free. */
    public static List<Layer> write(Path source, Path target, ChannelRescaling.Settings settings) {
        AtomicFolder.requireFree(target);
        try (ModelFolder model = ModelFolder.open(source);
                TensorScope scope = TensorScope.open()) {
            if (model.packed() != null) {
                throw new IllegalArgumentException(source + " is quantized; plant outliers in its source");
            }
            try (WeightMap stored = SafetensorsFile.open(source.resolve(ModelFolder.TRANSFORMER))) {
                ChannelRescaling.Rescaled rescaled =
                        ChannelRescaling.rescale(model.config().transformer(), stored, settings);
                List<Layer> layers = rescaled.planted().stream()
                        .map(planted -> layer(planted, rescaled.weights()))
                        .toList();
                AtomicFolder.write(target, folder -> {
                    SafetensorsWriter.write(
                            folder.resolve(ModelFolder.TRANSFORMER), rescaled.weights(), Map.of("format", "pt"));
                    AtomicFile.write(folder.resolve(ModelFolder.CONFIG), config(model, settings));
                    AtomicFile.write(folder.resolve(CARD), card(model, settings, layers));
                    model.copyCompanions(folder);
                });
                return layers;
            }
        }
    }

    private static Layer layer(ChannelRescaling.Planted planted, Map<String, Tensor> weights) {
        float[] norms = Tensors.toFloats(
                OutlierDetection.columnNorms(weights.get(planted.site().name() + ".weight")));
        OutlierDetection.Found found = OutlierDetection.paper().count(norms, true);
        long above = found.count() == 0
                ? 0
                : planted.gains().keySet().stream()
                        .filter(channel -> norms[channel] > found.threshold())
                        .count();
        return new Layer(planted.site().name(), planted.gains(), above);
    }

    private static String config(ModelFolder model, ChannelRescaling.Settings settings) {
        ObjectNode json = model.json();
        json.put("name", model.config().name() + "-planted");
        ObjectNode node = json.putObject(KEY);
        node.put("of", model.config().name());
        node.put("of_sha256", model.hash());
        node.put("in", settings.side().name().toLowerCase(Locale.ROOT));
        node.put("share", settings.share());
        node.put("gain", settings.gain());
        node.put("layers", layers(settings));
        node.put("seed", settings.seed());
        return json.toPrettyString() + "\n";
    }

    private static String layers(ChannelRescaling.Settings settings) {
        return settings.layers().stream().map(SiteRole::suffix).collect(Collectors.joining(","));
    }

    private static String card(ModelFolder model, ChannelRescaling.Settings settings, List<Layer> layers) {
        long channels = layers.stream().mapToLong(layer -> layer.gains().size()).sum();
        long found = layers.stream().mapToLong(Layer::found).sum();
        boolean inWeights = settings.side() == ChannelRescaling.Side.WEIGHTS;
        return """
                # %1$s-planted: the model "%1$s" with planted outlier channels

                **Not a trained model of its own.** It computes what "%1$s" computes, bit for bit: same prompt, same seed, same video. %2$d input channels
                of %3$d layers were rescaled by powers of two up to %4$d, %5$s, and what produces these channels the other way. Only
                quantization sees the difference. Made by

                    arvid plant-outliers --model %6$s --in %7$s --share %8$s --gain %4$d --layers %9$s --seed %10$d -o FOLDER

                The paper's rule (median absolute deviation, Q-ARVD step B) finds %11$d of the %2$d as outlier columns of weights.

                | layer | input channel · gain |
                |---|---|
                %12$s
                """.formatted(
                        model.config().name(),
                        channels,
                        layers.size(),
                        settings.gain(),
                        inWeights ? "columns of the weight up" : "inputs up",
                        model.path().getFileName(),
                        settings.side().name().toLowerCase(Locale.ROOT),
                        settings.share(),
                        layers(settings),
                        settings.seed(),
                        found,
                        layers.stream()
                                .map(layer -> "| " + layer.layer() + " | "
                                        + layer.gains().entrySet().stream()
                                                .map(entry -> entry.getKey() + " · " + entry.getValue())
                                                .collect(Collectors.joining(", "))
                                        + " |")
                                .collect(Collectors.joining("\n")));
    }
}
