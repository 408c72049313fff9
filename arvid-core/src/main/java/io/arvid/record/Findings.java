package io.arvid.record;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a run found. Every list may be empty: a run finds what its command looks for.
 *
 * @param videos the same videos by several models
 * @param comparisons distances from full precision, one a quantized model
 * @param differences pairs of methods compared prompt by prompt
 * @param sensitivities one a setting
 * @param channelNorms layers worth showing
 * @param layerOutliers every quantized layer
 * @param sizes one a model
 * @param tables everything that is told in a table
 */
public record Findings(
        List<VideoSet> videos,
        List<Comparison> comparisons,
        List<PairedDifference> differences,
        List<Sensitivity> sensitivities,
        List<ChannelNorms> channelNorms,
        List<LayerOutliers> layerOutliers,
        List<ModelSize> sizes,
        List<FindingTable> tables) {
    /** Nothing. */
    public static final Findings NONE =
            new Findings(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of());

    /** Without tables. */
    public Findings(
            List<VideoSet> videos,
            List<Comparison> comparisons,
            List<PairedDifference> differences,
            List<Sensitivity> sensitivities,
            List<ChannelNorms> channelNorms,
            List<LayerOutliers> layerOutliers,
            List<ModelSize> sizes) {
        this(videos, comparisons, differences, sensitivities, channelNorms, layerOutliers, sizes, List.of());
    }

    /** A list that a file lacks counts as empty. */
    public Findings {
        videos = present(videos);
        comparisons = present(comparisons);
        differences = present(differences);
        sensitivities = present(sensitivities);
        channelNorms = present(channelNorms);
        layerOutliers = present(layerOutliers);
        sizes = present(sizes);
        tables = present(tables);
    }

    /** These findings and then the others'. */
    public Findings and(Findings others) {
        return new Findings(
                joined(videos, others.videos),
                joined(comparisons, others.comparisons),
                joined(differences, others.differences),
                joined(sensitivities, others.sensitivities),
                joined(channelNorms, others.channelNorms),
                joined(layerOutliers, others.layerOutliers),
                joined(sizes, others.sizes),
                joined(tables, others.tables));
    }

    private static <T> List<T> present(@Nullable List<T> list) {
        return list == null ? List.of() : List.copyOf(list);
    }

    private static <T> List<T> joined(List<T> first, List<T> second) {
        return Stream.concat(first.stream(), second.stream()).distinct().toList();
    }
}
