package io.arvid.model;

import io.arvid.tensor.TensorScope;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The prompt as the transformer sees it: text states, and the cross-attention keys and values that are computed from them once a video.
 * Made for one video (or one batch of videos) and closed after it.
 */
public final class TextContext implements AutoCloseable {
    /** Keys (after their norm) and values of one block, each {@code [B, heads, textLen, headDim]}. */
    public record KeysAndValues(Tensor keys, Tensor values) {}

    private final Tensor states;
    private final Map<Integer, KeysAndValues> byBlock = new HashMap<>();
    private @Nullable Tensor embedded;

    /** The context of text states {@code [B, L, textDim]}, L at most textLen. */
    public TextContext(Tensor states) {
        this.states = TensorScope.own(states);
    }

    /** Text states {@code [B, textLen, textDim]}, zero past the text. */
    public Tensor states() {
        return states;
    }

    /** The states after the transformer's text embedding, {@code [B, textLen, dim]}, computed by {@code compute} where they are not there yet. */
    public Tensor embedded(Supplier<Tensor> compute) {
        Tensor known = embedded;
        if (known == null) {
            known = TensorScope.own(compute.get());
            embedded = known;
        }
        return known;
    }

    /** Keys and values of {@code block}, computed by {@code compute} where they are not there yet. */
    public KeysAndValues keysAndValues(int block, Supplier<KeysAndValues> compute) {
        KeysAndValues known = byBlock.get(block);
        if (known == null) {
            known = compute.get();
            byBlock.put(block, new KeysAndValues(TensorScope.own(known.keys()), TensorScope.own(known.values())));
        }
        return known;
    }

    @Override
    public void close() {
        byBlock.values().forEach(kv -> {
            kv.keys().close();
            kv.values().close();
        });
        byBlock.clear();
        if (embedded != null) {
            embedded.close();
        }
        states.close();
    }
}
