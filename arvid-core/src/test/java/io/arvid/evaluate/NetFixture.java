package io.arvid.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.bytedeco.pytorch.Tensor;

/**
 * What an independent implementation of a network returned in PyTorch for random parameters and inputs. Parameters and inputs are not stored: both sides
 * draw them from one seed, parameters (normal values times a deviation plus a mean) before inputs (uniform values), in the order of the file.
 */
public final class NetFixture {
    private final JsonNode json;
    private final Map<String, Tensor> parameters = new LinkedHashMap<>();
    private final Map<String, Tensor> inputs = new LinkedHashMap<>();

    private NetFixture(JsonNode json) {
        this.json = json;
    }

    /** Reads {@code evaluate/<name>.json}; its tensors belong to the open scope. */
    public static NetFixture load(String name) {
        try (InputStream file = NetFixture.class.getResourceAsStream("/evaluate/" + name + ".json")) {
            NetFixture fixture = new NetFixture(new JsonMapper().readTree(file));
            fixture.draw();
            return fixture;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void draw() {
        try (Seeds seeds = new Seeds(json.path("seed").asLong())) {
            for (JsonNode parameter : json.path("parameters")) {
                Tensor normal = seeds.normal(shape(parameter.path(1)));
                Tensor scaled = Ops.mul(normal, parameter.path(3).asDouble());
                parameters.put(
                        parameter.path(0).asText(),
                        Ops.add(scaled, parameter.path(2).asDouble()));
            }
            for (JsonNode input : json.path("inputs")) {
                inputs.put(input.path(0).asText(), seeds.uniform(shape(input.path(1))));
            }
        }
    }

    private static long[] shape(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToLong(JsonNode::asLong)
                .toArray();
    }

    /** The file's content. */
    public JsonNode json() {
        return json;
    }

    /** All parameters; close it. */
    public WeightMap weights() {
        return WeightMap.of(parameters);
    }

    /** The input called {@code name}, uniform in [0, 1). */
    public Tensor input(String name) {
        return inputs.get(name);
    }

    /** Asserts that {@code actual} differs from output {@code name} by at most {@code tolerance} of its largest entry. */
    public void expect(String name, Tensor actual, double tolerance) {
        JsonNode output = json.path("outputs").path(name);
        assertThat(Tensors.shape(actual)).as(name).containsExactly(shape(output.path("shape")));
        expect(name, Tensors.toDoubles(actual), tolerance);
    }

    /** The same for numbers in row-major order. */
    public void expect(String name, double[] actual, double tolerance) {
        JsonNode output = json.path("outputs").path(name);
        assertThat(output.path("values").size()).as(name).isPositive();
        int step = output.path("step").asInt();
        double allowed = tolerance * output.path("largest").asDouble();
        double worst = 0;
        for (int i = 0; i < output.path("values").size(); i++) {
            double difference =
                    Math.abs(actual[i * step] - output.path("values").path(i).asDouble());
            worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(worst, difference);
        }
        assertThat(worst).as("largest error of " + name).isLessThanOrEqualTo(allowed);
    }
}
