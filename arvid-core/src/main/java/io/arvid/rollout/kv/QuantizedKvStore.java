package io.arvid.rollout.kv;

import io.arvid.rollout.KvStore;
import io.arvid.tensor.Ops;
import io.arvid.tensor.PartialAttention;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of finished chunks in few bits. What is written stays as it came until {@link #release} or {@link #commit}; then it is gone, or becomes
 * codes, unless it is a sink or recent chunk that {@link KvQuantization} exempts. So of the chunk in work, only the block that computes holds keys and
 * values. {@link #attend} turns one chunk at a time back into floating point and joins the parts, so that the whole cache never exists there; {@link #keys}
 * and {@link #values} turn back all that they are asked for.
 */
public final class QuantizedKvStore implements KvStore {
    private final Shape shape;
    private final KvQuantization settings;
    private final List<Tile> tiles = new ArrayList<>();
    private int committed;

    /** An empty store. */
    public QuantizedKvStore(Shape shape, KvQuantization settings) {
        this.shape = shape;
        this.settings = settings;
    }

    /** Keys and values of one chunk, as they came or in codes. */
    private sealed interface Content {
        long bytes();

        void close();
    }

    private record Dense(Tensor keys, Tensor values) implements Content {
        @Override
        public long bytes() {
            return keys.nbytes() + values.nbytes();
        }

        @Override
        public void close() {
            keys.close();
            values.close();
        }
    }

    private record Coded(QuantizedTokens keys, QuantizedTokens values) implements Content {
        @Override
        public long bytes() {
            return keys.bytes() + values.bytes();
        }

        @Override
        public void close() {
            keys.close();
            values.close();
        }
    }

    /**
     * Slots {@code [start, end)}: tokens from {@code skip} on of {@code content}.
     *
     * @param chunk number of the chunk in order of commits; −1 before its commit
     */
    private record Tile(int start, int end, int skip, int chunk, Content content) {
        /** The part within {@code [from, to)}, null where there is none. */
        @Nullable
        Tile cut(int from, int to) {
            int first = Math.max(start, from);
            int last = Math.min(end, to);
            return first >= last ? null : new Tile(first, last, skip + first - start, chunk, content);
        }

        Tile shifted(int by) {
            return new Tile(start + by, end + by, skip, chunk, content);
        }
    }

    @Override
    public void write(int start, Tensor keys, Tensor values) {
        int end = start + Math.toIntExact(keys.size(2));
        List<Tile> kept = without(start, end);
        try (TensorScope scope = TensorScope.open()) {
            kept.add(new Tile(
                    start, end, 0, -1, new Dense(TensorScope.own(Ops.copy(keys)), TensorScope.own(Ops.copy(values)))));
        }
        replace(kept);
    }

    @Override
    public void move(int from, int to, int count) {
        List<Tile> kept = without(to, to + count);
        kept.removeIf(tile -> tile.start() >= from && tile.end() <= from + count);
        for (Tile tile : tiles) {
            Tile moved = tile.cut(from, from + count);
            if (moved != null) {
                kept.add(moved.shifted(to - from));
            }
        }
        replace(kept);
    }

    /** The tiles without slots {@code [from, to)}. */
    private List<Tile> without(int from, int to) {
        List<Tile> kept = new ArrayList<>();
        for (Tile tile : tiles) {
            Tile before = tile.cut(0, from);
            Tile after = tile.cut(to, Integer.MAX_VALUE);
            if (before != null) {
                kept.add(before);
            }
            if (after != null) {
                kept.add(after);
            }
        }
        return kept;
    }

    /** Makes {@code next} the tiles, in order, and frees content that none of them has any more. */
    private void replace(List<Tile> next) {
        List<Content> gone = new ArrayList<>();
        for (Tile tile : tiles) {
            boolean stays = next.stream().anyMatch(other -> other.content() == tile.content());
            if (!stays && gone.stream().noneMatch(content -> content == tile.content())) {
                gone.add(tile.content());
            }
        }
        tiles.clear();
        tiles.addAll(next);
        tiles.sort(java.util.Comparator.comparingInt(Tile::start));
        gone.forEach(Content::close);
    }

    @Override
    public void commit(int start, int end) {
        int chunk = committed++;
        List<Tile> next = new ArrayList<>();
        for (Tile tile : tiles) {
            boolean fresh = tile.chunk() < 0 && tile.start() >= start && tile.end() <= end;
            Tile numbered = fresh ? new Tile(tile.start(), tile.end(), tile.skip(), chunk, tile.content()) : tile;
            next.add(isDue(numbered) ? coded(numbered) : numbered);
        }
        replace(next);
    }

    @Override
    public void release(int start, int end) {
        List<Tile> kept = new ArrayList<>(tiles);
        kept.removeIf(tile -> tile.chunk() < 0 && tile.start() >= start && tile.end() <= end);
        replace(kept);
    }

    private boolean isDue(Tile tile) {
        return tile.content() instanceof Dense
                && settings.quantizes(tile.chunk())
                && tile.chunk() >= settings.sinkChunks()
                && tile.chunk() < committed - settings.recentChunks();
    }

    private Tile coded(Tile tile) {
        Dense dense = (Dense) tile.content();
        TokenQuantizer quantizer = settings.quantizer(tile.chunk(), tile.end() - tile.start(), shape.headDim());
        try (TensorScope scope = TensorScope.open()) {
            int last = tile.skip() + tile.end() - tile.start();
            Coded codes = new Coded(
                    quantizer.quantize(Ops.slice(dense.keys(), 2, tile.skip(), last)),
                    quantizer.quantize(Ops.slice(dense.values(), 2, tile.skip(), last)));
            return new Tile(tile.start(), tile.end(), 0, tile.chunk(), codes);
        }
    }

    @Override
    public Tensor attend(Tensor queries, int start, int end) {
        try (PartialAttention attention = new PartialAttention(queries)) {
            for (Tile tile : tiles) {
                Tile part = tile.cut(start, end);
                if (part != null) {
                    TensorScope.runAndFree(
                            () -> attention.add(keys(part), values(part), shift(part.content(), queries)));
                }
            }
            return attention.result();
        }
    }

    /**
     * What takes back the share that keys gain by being rounded: an error of variance v in each channel of a key multiplies the expected exponential of
     * its product with q by {@code exp(Σ q²·v / 2d)} (arXiv 2605.26266).
     */
    private @Nullable Tensor shift(Content content, Tensor queries) {
        if (!settings.correctsSoftmax() || !(content instanceof Coded(QuantizedTokens keys, QuantizedTokens values))) {
            return null;
        }
        Tensor excess = Ops.toF32(queries).square().matmul(keys.errorVariance().transpose(2, 3));
        return Ops.mul(excess.squeeze(-1), -0.5 / shape.headDim());
    }

    private Tensor keys(Tile part) {
        return part(part, part.content() instanceof Dense(Tensor k, Tensor v) ? k : null, true);
    }

    private Tensor values(Tile part) {
        return part(part, part.content() instanceof Dense(Tensor k, Tensor v) ? v : null, false);
    }

    private Tensor part(Tile part, @Nullable Tensor dense, boolean keys) {
        int last = part.skip() + part.end() - part.start();
        if (dense != null) {
            return Ops.slice(dense, 2, part.skip(), last);
        }
        Coded codes = (Coded) part.content();
        QuantizedTokens tokens = keys ? codes.keys() : codes.values();
        return Ops.to(tokens.dequantize(part.skip(), last), shape.type());
    }

    @Override
    public Tensor keys(int start, int end) {
        return joined(start, end, true);
    }

    @Override
    public Tensor values(int start, int end) {
        return joined(start, end, false);
    }

    private Tensor joined(int start, int end, boolean keys) {
        List<Tensor> parts = new ArrayList<>();
        for (Tile tile : tiles) {
            Tile part = tile.cut(start, end);
            if (part != null) {
                parts.add(keys ? keys(part) : values(part));
            }
        }
        return start == end
                ? Tensors.empty(shape.type(), shape.batch(), shape.heads(), 0, shape.headDim())
                : Ops.cat(2, parts);
    }

    @Override
    public long bytes() {
        List<Content> seen = new ArrayList<>();
        for (Tile tile : tiles) {
            if (seen.stream().noneMatch(content -> content == tile.content())) {
                seen.add(tile.content());
            }
        }
        return seen.stream().mapToLong(Content::bytes).sum();
    }

    @Override
    public void close() {
        replace(new ArrayList<>());
    }
}
