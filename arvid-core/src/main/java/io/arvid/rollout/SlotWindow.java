package io.arvid.rollout;

/**
 * Which slots of a cache hold what, for one block: a chunk is appended behind what is there, or overwrites itself when it comes again; where a local
 * cache is full, the oldest tokens behind the sink make room (Self-Forcing CausalWanSelfAttention).
 */
public final class SlotWindow {
    /**
     * Where a pass goes. First, {@code moved} slots from {@code moveFrom} go to {@code moveTo}; then the new tokens go to {@code [start, end)}; then
     * attention reads {@code [readFrom, end)}.
     */
    public record Placement(int moveFrom, int moveTo, int moved, int start, int end, int readFrom) {}

    private final int slots;
    private final int sink;
    private final boolean isLocal;
    private final int maxAttention;
    private int globalEnd;
    private int localEnd;

    /**
     * An empty window.
     *
     * @param slots tokens that the cache holds
     * @param sink first tokens, which are never evicted
     * @param isLocal true where tokens are evicted when the cache is full
     * @param maxAttention tokens that attention reads at most, counted from the newest
     */
    public SlotWindow(int slots, int sink, boolean isLocal, int maxAttention) {
        this.slots = slots;
        this.sink = sink;
        this.isLocal = isLocal;
        this.maxAttention = maxAttention;
    }

    /**
     * Makes room for tokens {@code [globalStart, globalStart + count)} of the video.
     *
     * @throws IllegalStateException where they do not fit
     */
    public Placement place(int globalStart, int count) {
        int newGlobalEnd = globalStart + count;
        int overflow = localEnd + count - slots;
        boolean evicts = isLocal && newGlobalEnd > globalEnd && overflow > 0;
        int evicted = evicts ? overflow : 0;
        int moved = evicts ? Math.max(0, localEnd - evicted - sink) : 0;
        int end = localEnd + newGlobalEnd - globalEnd - evicted;
        int start = end - count;
        if (start < 0 || end > slots) {
            throw new IllegalStateException("tokens " + globalStart + " … " + newGlobalEnd + " do not fit a cache of "
                    + slots + " slots that ends at token " + globalEnd);
        }
        globalEnd = newGlobalEnd;
        localEnd = end;
        return new Placement(sink + evicted, sink, moved, start, end, Math.max(0, end - maxAttention));
    }

    /** The token of the video after the last one in the cache. */
    public int globalEnd() {
        return globalEnd;
    }

    /** The slot after the last one in use. */
    public int localEnd() {
        return localEnd;
    }
}
