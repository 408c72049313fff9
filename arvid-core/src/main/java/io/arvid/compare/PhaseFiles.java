package io.arvid.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.LinearSite;
import io.arvid.pack.LayerFiles;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Stream;

/**
 * The phases of a plan, for which a packed model has no place: a folder of {@link LayerFiles} each, beside the packed model.
 *
 * @param folder of the cell
 */
record PhaseFiles(Path folder) {
    private static final JsonMapper JSON = new JsonMapper();

    /**
     * A phase without its layers.
     *
     * @param buckets how passes are divided
     * @param bucket the passes that are meant
     */
    record Part(StepBuckets buckets, int bucket) {}

    private Path index() {
        return folder.resolve("phases.json");
    }

    private LayerFiles layers(int phase) {
        return new LayerFiles(folder.resolve("phase-" + phase));
    }

    /** Writes {@code phases}; nothing where there are none. */
    void write(List<QuantPlan.Phase> phases) {
        if (phases.isEmpty()) {
            return;
        }
        for (int phase = 0; phase < phases.size(); phase++) {
            phases.get(phase).layers().forEach(layers(phase)::put);
        }
        List<Part> parts = phases.stream()
                .map(phase -> new Part(phase.buckets(), phase.bucket()))
                .toList();
        try {
            AtomicFile.write(
                    index(), JSON.writerFor(new TypeReference<List<Part>>() {}).writeValueAsString(parts));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("phases are no JSON", e);
        }
    }

    /** {@code plan} with the phases that were written. It shares tensors with {@code plan}; both are to be closed. */
    QuantPlan with(QuantPlan plan) {
        if (!Files.exists(index())) {
            return plan.map(layer -> layer);
        }
        try (TensorScope scope = TensorScope.open()) {
            List<Part> parts = JSON.readValue(index().toFile(), new TypeReference<List<Part>>() {});
            List<QuantPlan.Phase> phases = new ArrayList<>();
            for (int phase = 0; phase < parts.size(); phase++) {
                LayerFiles files = layers(phase);
                LinkedHashMap<LinearSite, LayerPlan> layers = new LinkedHashMap<>();
                plan.layers().keySet().forEach(site -> files.find(site).ifPresent(layer -> layers.put(site, layer)));
                phases.add(new QuantPlan.Phase(
                        parts.get(phase).buckets(), parts.get(phase).bucket(), layers));
            }
            return new QuantPlan(plan.method(), plan.layers(), plan.kv(), phases);
        } catch (IOException e) {
            throw new UncheckedIOException(index() + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** Bytes of all phases. */
    long bytes() {
        if (!Files.exists(index())) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(folder, 2)) {
            return files.filter(
                            file -> file.getParent().getFileName().toString().startsWith("phase-"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot measure " + folder + ": " + e.getMessage(), e);
        }
    }
}
