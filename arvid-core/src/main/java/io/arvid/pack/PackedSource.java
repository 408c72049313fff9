package io.arvid.pack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.weights.WeightMap;
import org.jspecify.annotations.Nullable;

/**
 * The model that a plan was made for.
 *
 * @param weights every parameter under the model's own name, without the checkpoint's prefixes
 * @param modelConfig what {@code config.json} says of the model
 * @param layout how the checkpoint names its tensors
 * @param recipe settings of the method, or null where they are not known
 */
public record PackedSource(
        WeightMap weights,
        ObjectNode modelConfig,
        SourceLayout layout,
        @Nullable JsonNode recipe) {}
