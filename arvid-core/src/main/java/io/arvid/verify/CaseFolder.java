package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;

/** One golden case on disk: {@code case.json}, {@code io.safetensors} and, where a network is involved, {@code weights.safetensors}. */
public final class CaseFolder implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final JsonNode json;
    private final WeightMap io;
    private final WeightMap weights;

    private CaseFolder(Path folder, JsonNode json, WeightMap io, WeightMap weights) {
        this.folder = folder;
        this.json = json;
        this.io = io;
        this.weights = weights;
    }

    /** Opens the case in {@code folder}, its tensors on the device that computes; files that a case does not have count as empty. */
    public static CaseFolder open(Path folder) {
        Path description = folder.resolve("case.json");
        try {
            return new CaseFolder(
                    folder,
                    JSON.readTree(description.toFile()),
                    openOrEmpty(folder.resolve("io.safetensors")),
                    openOrEmpty(folder.resolve("weights.safetensors")));
        } catch (IOException e) {
            throw new CheckpointException(description, "cannot be read: " + e.getMessage());
        }
    }

    private static WeightMap openOrEmpty(Path file) {
        return Files.exists(file) ? SafetensorsFile.open(file).onCurrentDevice() : WeightMap.of(java.util.Map.of());
    }

    /** Name of the folder. */
    public String name() {
        return folder.getFileName().toString();
    }

    /** Kind of case: the field {@code case} of its description. */
    public String kind() {
        return json.path("case").asText();
    }

    /** The description. */
    public JsonNode json() {
        return json;
    }

    /** Inputs and expected outputs. */
    public WeightMap io() {
        return io;
    }

    /** Input or expected tensor {@code name}. */
    public Tensor tensor(String name) {
        return io.get(name);
    }

    /** Parameters of the case's network. */
    public WeightMap weights() {
        return weights;
    }

    /** The case's {@code tolerance.atol} and {@code tolerance.rtol}. */
    public Tolerance tolerance() {
        JsonNode node = json.path("tolerance");
        return new Tolerance(node.path("atol").asDouble(), node.path("rtol").asDouble());
    }

    /** The tolerance that the case states in words for {@code what}. */
    public Tolerance tolerance(String what) {
        return Tolerance.stated(json.path("tolerance").path(what).asText());
    }

    @Override
    public void close() {
        io.close();
        weights.close();
    }
}
