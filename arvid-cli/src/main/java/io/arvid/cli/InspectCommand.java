package io.arvid.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteRole;
import io.arvid.model.wan.Checkpoints;
import io.arvid.model.wan.ModelCard;
import io.arvid.pack.PackedModelFile;
import io.arvid.rollout.preset.Preset;
import io.arvid.rollout.preset.Presets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code arvid inspect}: what a checkpoint is. */
@Command(
        name = "inspect",
        description =
                "Says what a checkpoint is by what it holds: network, sizes, types, what is missing, linear layers.",
        mixinStandardHelpOptions = true)
final class InspectCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE", description = "A safetensors or PyTorch file, or a folder of them.")
    private Path file = Path.of(".");

    @Option(names = "--sites", description = "List every linear layer on a line of its own.")
    private boolean everySite;

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        MissingException.require(file);
        List<Map<String, Object>> results = new ArrayList<>();
        List<String> unreadable = new ArrayList<>();
        List<ModelCard> cards = new ArrayList<>(
                Files.isDirectory(file)
                        ? Checkpoints.inspectFolder(file, defect -> unreadable.add(defect.getMessage()))
                        : Checkpoints.inspect(file));
        if (Files.isDirectory(file) && PackedModelFile.isPacked(file)) {
            cards.removeIf(
                    card -> card.file().getParent().equals(file) && card.network() == ModelCard.Network.TRANSFORMER);
            try (PackedModelFile packed = PackedModelFile.open(file)) {
                print(packed);
                results.add(json(packed));
            }
        } else if (cards.isEmpty() && unreadable.isEmpty()) {
            output.line(file + ": no tensors");
        }
        cards.forEach(this::print);
        cards.forEach(card -> results.add(json(card)));
        for (String defect : unreadable) {
            output.line("not readable: " + defect);
            results.add(Map.of("unreadable", defect));
        }
        output.result(results);
        return 0;
    }

    private void print(PackedModelFile packed) {
        output.line(file.toString());
        fact("is", "packed model, quantized by " + packed.method() + ", format version " + packed.formatVersion());
        fact("linear", layersByBits(packed));
        fact("kv cache", packed.kv().text());
        packed.size().text().lines().forEach(line -> fact("size", line));
        if (everySite) {
            packed.layers()
                    .forEach((site, layer) -> fact(
                            "linear",
                            site.name() + "  " + widths(site) + "  W"
                                    + layer.grid().bits()));
        }
    }

    private static String layersByBits(PackedModelFile packed) {
        return packed.layers().values().stream()
                .collect(Collectors.groupingBy(
                        layer -> layer.grid().bits(), java.util.TreeMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .map(entry -> entry.getValue() + " layers with weights in " + entry.getKey() + " bits")
                .collect(Collectors.joining(", "));
    }

    private Map<String, Object> json(PackedModelFile packed) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("file", file.toString());
        json.put("network", "PACKED_TRANSFORMER");
        json.put("method", packed.method());
        json.put("format_version", packed.formatVersion());
        json.put(
                "kv",
                new JsonMapper().<JsonNode>valueToTree(packed.kv())); // As a value of the map it would lose its rule.
        json.put("size", packed.size());
        Map<String, Integer> bits = new LinkedHashMap<>();
        packed.layers()
                .forEach((site, layer) -> bits.put(site.name(), layer.grid().bits()));
        json.put("weight_bits", bits);
        return json;
    }

    private void print(ModelCard card) {
        output.line(card.file() + (card.group().isEmpty() ? "" : "  group " + card.group()));
        fact("is", card.title() + origin(card));
        boolean named = card.network() == ModelCard.Network.TRANSFORMER || card.layout() == ModelCard.Layout.DIFFUSERS;
        String layout = named ? ", " + name(card.layout()) + " names" : "";
        fact("stored as", name(card.format()) + ", " + size(card.bytes()) + layout);
        fact("parameters", types(card));
        fact("presets", String.join(", ", presets(card)));
        fact("missing", listed(card.missing()));
        fact("unexpected", listed(card.unexpected()));
        fact("misshapen", listed(card.misshapen()));
        if (everySite) {
            card.sites().forEach(site -> fact("linear", site.name() + "  " + widths(site)));
        } else {
            byRole(card).forEach((role, sites) -> fact("linear", summary(role, sites)));
        }
    }

    private void fact(String name, String value) {
        if (!value.isEmpty()) {
            output.line(String.format(Locale.ROOT, "  %-11s %s", name, value));
        }
    }

    private static String origin(ModelCard card) {
        return switch (card.origin()) {
            case BASE -> ", bidirectional or converted";
            case CAUSAL_FEW_STEP -> ", causal, few steps (the Self-Forcing family; its members share names and shapes)";
            case CRITIC -> ", the critic of a causal model's training";
            case SYNTHETIC -> ", random weights";
            case UNKNOWN -> "";
        };
    }

    private static String types(ModelCard card) {
        String types = card.parametersByType().entrySet().stream()
                .map(entry -> String.format(Locale.ROOT, "%,d %s", entry.getValue(), entry.getKey()))
                .collect(Collectors.joining(", "));
        return card.parametersByType().size() == 1
                ? types
                : String.format(Locale.ROOT, "%,d: %s", card.parameters(), types);
    }

    private static List<String> presets(ModelCard card) {
        return Presets.fitting(card).stream().map(Preset::id).toList();
    }

    private static String listed(List<String> names) {
        if (names.isEmpty()) {
            return "";
        }
        String shown = String.join(", ", names.subList(0, Math.min(8, names.size())));
        return names.size() + ": " + shown + (names.size() > 8 ? ", … (all with --json)" : "");
    }

    private static Map<SiteRole, List<LinearSite>> byRole(ModelCard card) {
        return card.sites().stream()
                .collect(Collectors.groupingBy(LinearSite::role, LinkedHashMap::new, Collectors.toList()));
    }

    private static String summary(SiteRole role, List<LinearSite> sites) {
        LinearSite first = sites.getFirst();
        String name = role.isInBlock() ? "blocks.0…" + sites.getLast().block() + "." + role.suffix() : first.name();
        return String.format(Locale.ROOT, "%-28s %s", name, widths(first));
    }

    private static String widths(LinearSite site) {
        return site.inFeatures() + " → " + site.outFeatures();
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** {@code bytes} in a unit that leaves a readable number. */
    static String size(long bytes) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.2f %s", value, units[unit]);
    }

    private static Map<String, Object> json(ModelCard card) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("file", card.file().toString());
        json.put("group", card.group());
        json.put("format", card.format());
        json.put("network", card.network());
        json.put("model", card.model());
        json.put("title", card.title());
        json.put("origin", card.origin());
        json.put("layout", card.layout());
        json.put("complete", card.isComplete());
        json.put("parameters", card.parameters());
        json.put("parameters_by_type", card.parametersByType());
        json.put("bytes", card.bytes());
        json.put("config", card.config());
        json.put("presets", presets(card));
        json.put("missing", card.missing());
        json.put("unexpected", card.unexpected());
        json.put("misshapen", card.misshapen());
        List<Map<String, Object>> sites = new ArrayList<>();
        for (LinearSite site : card.sites()) {
            sites.add(Map.of(
                    "name", site.name(),
                    "role", site.role(),
                    "block", site.block(),
                    "in", site.inFeatures(),
                    "out", site.outFeatures()));
        }
        json.put("linear_sites", sites);
        return json;
    }
}
