package io.arvid.evaluate.suite;

import io.arvid.evaluate.input.ContentHash;
import io.arvid.evaluate.net.MetricWeights;
import io.arvid.rollout.preset.RemoteFile;
import io.arvid.weights.MissingFileException;
import io.arvid.weights.NearestName;
import io.arvid.weights.WeightMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/** The weights files that a user has given, by slot. */
public final class MetricFiles {
    /** Weights of metrics under their published names, where VBench and the FVD scripts themselves fetch them. */
    public static final List<RemoteFile> PUBLISHED = List.of(
            new RemoteFile("flateon/FVD-I3D-torchscript", "i3d_torchscript.pt"),
            new RemoteFile("lalala125/AMT", "amt-s.pth"),
            new RemoteFile("chaofengc/IQA-PyTorch-Weights", "musiq_spaq_ckpt-358bb6af.pth"));

    /** Weights of metrics that their authors publish elsewhere; put them into the same folder. */
    public static final List<String> PUBLISHED_ELSEWHERE = List.of(
            "dino_vitbase16_pretrain.pth: the releases of DINO (facebookresearch/dino)",
            "ViT-B-32.pt, ViT-L-14.pt: the releases of CLIP (openai/CLIP), which its package fetches",
            "sa_0_4_vit_l_14_linear.pth: LAION's aesthetic predictor (LAION-AI/aesthetic-predictor)",
            "alex.pth, vgg.pth, squeeze.pth: LPIPS version 0.1 (richzhang/PerceptualSimilarity)",
            "alexnet-owt-7be5be79.pth, vgg16-397923af.pth, squeezenet1_1-b8a52dc0.pth: torchvision's models",
            "raft-things.pth: RAFT (princeton-vl/RAFT)");

    private static final List<String> ENDINGS = List.of(".safetensors", ".pth", ".pt");

    private final Map<String, Path> files;

    private MetricFiles(Map<String, Path> files) {
        this.files = new TreeMap<>(files);
    }

    /**
     * Files from arguments: {@code slot=file}, {@code metric=file} for a metric with one required file, or a folder in which files are found by the names
     * under which they are published or by {@code slot.safetensors}, {@code slot.pth}, {@code slot.pt}.
     */
    public static MetricFiles of(List<String> arguments) {
        Map<String, Path> files = new LinkedHashMap<>();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (equals < 0) {
                files.putAll(inFolder(Path.of(argument)));
            } else {
                files.put(slot(argument.substring(0, equals)), existing(Path.of(argument.substring(equals + 1))));
            }
        }
        return new MetricFiles(files);
    }

    private static String slot(String name) {
        Map<String, String> known = new LinkedHashMap<>();
        for (MetricSpec metric : MetricCatalogue.ALL) {
            metric.slots().forEach(slot -> known.put(slot.name(), slot.name()));
            List<WeightSlot> required =
                    metric.slots().stream().filter(WeightSlot::required).toList();
            if (required.size() == 1) {
                known.putIfAbsent(metric.id(), required.getFirst().name());
            }
        }
        String slot = known.get(MetricCatalogue.canonical(name));
        if (slot == null) {
            throw new IllegalArgumentException("--weights: no weights called '" + name + "'; the nearest is '"
                    + NearestName.of(name, known.keySet()) + "'");
        }
        return slot;
    }

    private static Map<String, Path> inFolder(Path folder) {
        if (Files.notExists(folder)) {
            throw new MissingFileException(folder, "no such folder of weights; a file is given as name=file");
        }
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(
                    "--weights: '" + folder + "' is neither a folder nor of the form name=file");
        }
        Map<String, Path> found = new LinkedHashMap<>();
        for (MetricSpec metric : MetricCatalogue.ALL) {
            for (WeightSlot slot : metric.slots()) {
                Stream.concat(slot.published().stream(), ENDINGS.stream().map(ending -> slot.name() + ending))
                        .map(folder::resolve)
                        .filter(Files::isRegularFile)
                        .findFirst()
                        .ifPresent(file -> found.put(slot.name(), file));
            }
        }
        return found;
    }

    private static Path existing(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new MissingFileException(file, "no such file of weights");
        }
        return file;
    }

    boolean has(WeightSlot slot) {
        return files.containsKey(slot.name());
    }

    /** The file of {@code slot}. */
    Path file(WeightSlot slot) {
        Path file = files.get(slot.name());
        if (file == null) {
            throw new MissingFileException("weights '" + slot.name() + "' are missing: --weights " + slot.name()
                    + "=FILE (" + String.join(" or ", slot.published()) + ")");
        }
        return file;
    }

    /** What {@code build} makes of the parameters in the file of {@code slot}, which it must copy. */
    <T> T load(WeightSlot slot, Function<WeightMap, T> build) {
        try (WeightMap weights = MetricWeights.open(file(slot))) {
            return build.apply(weights);
        }
    }

    /** Name and content of the files of {@code slots}. */
    Map<String, WeightStamp> stamps(Stream<WeightSlot> slots) {
        Map<String, WeightStamp> stamps = new TreeMap<>();
        slots.distinct().filter(this::has).forEach(slot -> {
            Path file = file(slot);
            stamps.put(slot.name(), new WeightStamp(file.getFileName().toString(), ContentHash.of(file)));
        });
        return stamps;
    }
}
