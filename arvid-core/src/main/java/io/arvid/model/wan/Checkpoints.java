package io.arvid.model.wan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.wan.ModelCard.Layout;
import io.arvid.model.wan.ModelCard.Network;
import io.arvid.model.wan.ModelCard.Origin;
import io.arvid.tensor.DTypes;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.CheckpointFile;
import io.arvid.weights.CheckpointFile.TensorInfo;
import io.arvid.weights.FilesBelow;
import io.arvid.weights.MissingFileException;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.WeightMap;
import io.arvid.weights.WrapperPrefixes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Tells what a checkpoint is by what it holds, whatever it is called, and opens it under the names that the networks here use.
 *
 * <p>Recognised: the Wan transformer of any size, alone or in the groups that the trainers of causal models write, the Wan video autoencoder and the umT5
 * encoder, each in the original layout and in that of a pipeline of diffusers; the tiny video autoencoder.
 */
public final class Checkpoints {
    /** How much of a network's names a file must hold to be taken for it. */
    private static final double ENOUGH = 0.5;

    private Checkpoints() {}

    /** A card for every group of tensors in {@code file}. */
    public static List<ModelCard> inspect(Path file) {
        CheckpointFile.Contents contents = CheckpointFile.describe(file);
        return contents.groups().stream().map(group -> card(contents, group)).toList();
    }

    /** Cards of every checkpoint in {@code folder} and the folders below it; files of other kinds are passed over, shards are read through their index. */
    public static List<ModelCard> inspectFolder(Path folder) {
        return inspectFolder(folder, defect -> {
            throw defect;
        });
    }

    /** The same, where {@code unreadable} is told of each file that looks like a checkpoint and is none, and of shards without their index, and the others count. */
    public static List<ModelCard> inspectFolder(Path folder, Consumer<CheckpointException> unreadable) {
        List<ModelCard> cards = new ArrayList<>();
        List<Path> files = FilesBelow.of(folder);
        for (Path file : files) {
            if (looksLikeCheckpoint(file)) {
                try {
                    cards.addAll(inspect(file));
                } catch (CheckpointException e) {
                    unreadable.accept(e);
                }
            }
        }
        missingIndexes(files).forEach((index, shards) -> unreadable.accept(withoutIndex(index, shards)));
        return cards;
    }

    /** Indexes that are not there, with the number of their shards that are. */
    private static Map<Path, Integer> missingIndexes(List<Path> files) {
        Map<Path, Integer> shards = new LinkedHashMap<>();
        for (Path file : files) {
            String index = SafetensorsFile.indexOfShard(file.getFileName().toString());
            if (index != null) {
                shards.merge(file.resolveSibling(index), 1, Integer::sum);
            }
        }
        shards.keySet().removeIf(Files::isRegularFile);
        return shards;
    }

    private static CheckpointException withoutIndex(Path index, int shards) {
        return new MissingFileException(
                index, "no such file beside " + shards + " of its shards, which are not read without their index");
    }

    /**
     * The parameters that {@code card} describes, under the original names and without wrappers; mapped, not read.
     *
     * @throws CheckpointException where the card is not complete
     */
    public static WeightMap open(ModelCard card) {
        if (!card.isComplete()) {
            throw new CheckpointException(card.file(), describeDefects(card));
        }
        return CheckpointFile.loadRenamed(card.file(), card.group(), Checkpoints::renaming);
    }

    /** One line with everything that keeps {@code card} from being opened. */
    public static String describeDefects(ModelCard card) {
        List<String> defects = new ArrayList<>();
        add(defects, "missing", card.missing());
        add(defects, "unexpected", card.unexpected());
        add(defects, "of another shape", card.misshapen());
        return card.title() + ": "
                + (defects.isEmpty() ? "not a network that arvid knows" : String.join("; ", defects));
    }

    private static void add(List<String> defects, String what, List<String> names) {
        if (!names.isEmpty()) {
            String more = names.size() > 5 ? ", …" : "";
            defects.add(names.size() + " " + what + ": "
                    + String.join(", ", names.subList(0, Math.min(5, names.size()))) + more);
        }
    }

    private static UnaryOperator<String> renaming(Collection<String> names) {
        UnaryOperator<String> strip = WrapperPrefixes.strip(names);
        UnaryOperator<String> original = fromDiffusers(names.stream().map(strip).toList());
        return original == null ? strip : name -> original.apply(strip.apply(name));
    }

    /** From the names of a pipeline of diffusers to the original ones; null where {@code names} are original. */
    private static @Nullable UnaryOperator<String> fromDiffusers(Collection<String> names) {
        if (DiffusersNames.isDiffusers(names)) {
            return DiffusersNames::toOriginal;
        }
        if (DiffusersVaeNames.areIn(names)) {
            return DiffusersVaeNames::toOriginal;
        }
        return TransformersUmtNames.areIn(names) ? TransformersUmtNames::toOriginal : null;
    }

    private static ModelCard card(CheckpointFile.Contents contents, CheckpointFile.Group group) {
        UnaryOperator<String> rename =
                renaming(group.tensors().stream().map(TensorInfo::name).toList());
        SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
        SequencedMap<DTypes, Long> types = new LinkedHashMap<>();
        Map<DTypes, Long> counts = new EnumMap<>(DTypes.class);
        long bytes = 0;
        boolean wrapped = false;
        for (TensorInfo tensor : group.tensors()) {
            String name = rename.apply(tensor.name());
            shapes.put(name, tensor.shape());
            wrapped |= tensor.name().startsWith("model.");
            counts.merge(tensor.type(), tensor.count(), Long::sum);
            bytes += tensor.count() * tensor.type().bytes();
        }
        types.putAll(counts);
        boolean diffusers =
                fromDiffusers(group.tensors().stream().map(TensorInfo::name).toList()) != null;
        Recognised found = recognise(contents.file(), shapes);
        List<String> missing = new ArrayList<>(found.expected().keySet());
        missing.removeAll(shapes.keySet());
        List<String> unexpected = new ArrayList<>(shapes.keySet());
        unexpected.removeAll(found.expected().keySet());
        return new ModelCard(
                contents.file(),
                contents.format(),
                group.name(),
                found.network(),
                found.model(),
                found.title(),
                origin(found.network(), contents.notes(), group.name(), wrapped),
                diffusers ? Layout.DIFFUSERS : Layout.ORIGINAL,
                found.config(),
                types,
                bytes,
                List.copyOf(missing),
                found.network() == Network.UNKNOWN ? List.of() : List.copyOf(unexpected),
                misshapen(shapes, found.expected()));
    }

    private record Recognised(
            Network network,
            String model,
            String title,
            @Nullable WanConfig config,
            Map<String, long[]> expected) {}

    private static Recognised recognise(Path file, Map<String, long[]> shapes) {
        if (TransformerSizes.share(shapes.keySet()) >= ENOUGH) {
            return transformer(shapes, configBeside(file));
        }
        for (PublishedNetwork candidate : PublishedNetwork.values()) {
            Map<String, long[]> expected = candidate.parameterShapes();
            if (share(shapes, expected) >= ENOUGH) {
                return published(candidate, expected, shapes);
            }
        }
        return new Recognised(Network.UNKNOWN, "", "unknown network of " + shapes.size() + " tensors", null, Map.of());
    }

    private static Recognised transformer(Map<String, long[]> shapes, @Nullable JsonNode beside) {
        try {
            JsonNode config = TransformerSizes.own(shapes, beside);
            WanConfig sizes = TransformerSizes.infer(shapes, config);
            Map<String, long[]> expected = new LinkedHashMap<>(sizes.parameterShapes());
            if (!TransformerSizes.knowsHeads(sizes, config)) {
                expected.put("num_heads (say it in a config.json beside the file)", new long[0]);
            }
            return new Recognised(
                    Network.TRANSFORMER,
                    TransformerSizes.model(sizes, shapes.keySet()),
                    TransformerSizes.title(sizes, shapes.keySet()),
                    sizes,
                    expected);
        } catch (IllegalArgumentException | ArithmeticException e) {
            return new Recognised(
                    Network.UNKNOWN, "", "Wan transformer of impossible sizes: " + e.getMessage(), null, Map.of());
        }
    }

    /** A network of the published names; of the published sizes, or of other sizes throughout (small models for tests have those). */
    private static Recognised published(
            PublishedNetwork candidate, Map<String, long[]> expected, Map<String, long[]> shapes) {
        long same = shapes.entrySet().stream()
                .filter(entry -> Arrays.equals(entry.getValue(), expected.get(entry.getKey())))
                .count();
        if (same >= ENOUGH * shapes.size()) {
            return new Recognised(candidate.network(), candidate.model(), candidate.title(), null, expected);
        }
        Map<String, long[]> otherSizes = new LinkedHashMap<>(expected);
        otherSizes.replaceAll((name, shape) -> shapes.getOrDefault(name, shape));
        return new Recognised(
                candidate.network(), "", candidate.title() + " architecture in other sizes", null, otherSizes);
    }

    private static double share(Map<String, long[]> shapes, Map<String, long[]> expected) {
        long known = shapes.keySet().stream().filter(expected::containsKey).count();
        return shapes.isEmpty() ? 0 : (double) known / shapes.size();
    }

    private static List<String> misshapen(Map<String, long[]> shapes, Map<String, long[]> expected) {
        List<String> misshapen = new ArrayList<>();
        shapes.forEach((name, shape) -> {
            long[] right = expected.get(name);
            if (right != null && !Arrays.equals(right, shape)) {
                misshapen.add(name + " " + Arrays.toString(shape) + " instead of " + Arrays.toString(right));
            }
        });
        return List.copyOf(misshapen);
    }

    private static Origin origin(Network network, Map<String, String> notes, String group, boolean wrapped) {
        if (notes.containsKey(SyntheticModel.MARK)) {
            return Origin.SYNTHETIC;
        }
        if (network != Network.TRANSFORMER) {
            return Origin.UNKNOWN;
        }
        if (group.equals("critic")) {
            return Origin.CRITIC;
        }
        if (group.equals("generator") || group.equals("generator_ema")) {
            return Origin.CAUSAL_FEW_STEP;
        }
        return group.isEmpty() && !wrapped ? Origin.BASE : Origin.UNKNOWN;
    }

    private static boolean looksLikeCheckpoint(Path file) {
        String name = file.getFileName().toString();
        boolean index = name.endsWith(".safetensors.index.json");
        boolean shard = SafetensorsFile.indexOfShard(name) != null;
        boolean weights = name.endsWith(".safetensors") || name.endsWith(".pt") || name.endsWith(".pth");
        return index || weights && !shard;
    }

    private static @Nullable JsonNode configBeside(Path file) {
        Path config = file.toAbsolutePath().resolveSibling("config.json");
        if (!Files.isRegularFile(config)) {
            return null;
        }
        try {
            return new JsonMapper().readTree(config.toFile());
        } catch (IOException e) {
            throw new CheckpointException(config, "cannot be read: " + e.getMessage());
        }
    }
}
