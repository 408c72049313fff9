package io.arvid.model;

import com.sun.management.OperatingSystemMXBean;
import io.arvid.tensor.MappedFiles;
import io.arvid.tensor.Ops;
import io.arvid.tensor.onednn.Onednn;
import io.arvid.tensor.onednn.PackedLinear;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The layers in full precision. Weights are copied into oneDNN's order when a layer is first used, and again when they were written to: those of a small model,
 * and those of a mapped checkpoint, whose pages are given back for the copies.
 *
 * <p>Layers are libtorch's linear ones where gradients are recorded, where weights are being trained, are on a GPU or of a type that oneDNN has no fast
 * product for; where a model of more than 64 MiB has its weights in memory of their own, which copies would double, unless {@link #beside} allows it; and
 * where they take more than a quarter of the machine's memory: pages of a mapped file can leave a memory that is full, copies cannot.
 */
public final class PackedForward implements SiteForward {
    private static final long SMALL_BYTES = 64L << 20;
    private static final int LARGEST_SHARE = 4;

    private final Function<LinearSite, Tensor> weights;
    private final Function<LinearSite, Tensor> biases;
    private final @Nullable Onednn onednn;
    private final Slabs memory;
    private final Map<LinearSite, PackedLinear> layers = new ConcurrentHashMap<>();

    private PackedForward(
            Function<LinearSite, Tensor> weights,
            Function<LinearSite, Tensor> biases,
            @Nullable Onednn onednn,
            Slabs memory) {
        this.weights = weights;
        this.biases = biases;
        this.onednn = onednn;
        this.memory = memory;
    }

    /** Layers at {@code sites} with {@code weights [out, in]} and {@code biases [out]}, which always give the same tensors of a site. */
    public static PackedForward of(
            List<LinearSite> sites, Function<LinearSite, Tensor> weights, Function<LinearSite, Tensor> biases) {
        long bytes = 0;
        long mapped = 0;
        for (LinearSite site : sites) {
            Tensor weight = weights.apply(site);
            bytes += weight.nbytes();
            mapped += MappedFiles.hold(weight) ? weight.nbytes() : 0;
        }
        if (bytes <= SMALL_BYTES) {
            return new PackedForward(weights, biases, Onednn.find().orElse(null), new Slabs(0));
        }
        boolean replaces = mapped == bytes && bytes <= physicalMemory() / LARGEST_SHARE;
        return new PackedForward(weights, biases, replaces ? Onednn.find().orElse(null) : null, new Slabs(SMALL_BYTES));
    }

    /** Layers that are copied even where their weights, {@code bytes} in all, stay in memory as well, if {@link #fitsTwice} says so. */
    public static PackedForward beside(
            long bytes, Function<LinearSite, Tensor> weights, Function<LinearSite, Tensor> biases) {
        return new PackedForward(
                weights, biases, fitsTwice(bytes) ? Onednn.find().orElse(null) : null, new Slabs(SMALL_BYTES));
    }

    /** True where {@code bytes} of weights and as much for their copies leave three quarters of the machine's memory to the rest. */
    public static boolean fitsTwice(long bytes) {
        return bytes <= physicalMemory() / (2 * LARGEST_SHARE);
    }

    /** Layers that are copied whatever their size and wherever their weights lie. */
    public static PackedForward always(Function<LinearSite, Tensor> weights, Function<LinearSite, Tensor> biases) {
        return new PackedForward(weights, biases, Onednn.find().orElse(null), new Slabs(SMALL_BYTES));
    }

    private static long physicalMemory() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }

    /**
     * Pieces for many weights, given back when nothing refers to them any more: single ones of a large model would lie between what a pass takes and gives
     * back, and leave holes that nothing fits.
     */
    private static final class Slabs implements SegmentAllocator {
        private final long leastBytes;
        private SegmentAllocator slab = SegmentAllocator.slicingAllocator(MemorySegment.NULL);
        private long left;

        /** 0 for a piece of its own for every copy. */
        Slabs(long leastBytes) {
            this.leastBytes = leastBytes;
        }

        @Override
        public synchronized MemorySegment allocate(long bytes, long alignment) {
            if (left < bytes + alignment) {
                left = Math.max(leastBytes, bytes + alignment);
                slab = SegmentAllocator.slicingAllocator(Arena.ofAuto().allocate(left, alignment));
            }
            left -= bytes + alignment;
            return slab.allocate(bytes, alignment);
        }

        /** Later copies lie apart from those so far. */
        synchronized void startAnew() {
            slab = SegmentAllocator.slicingAllocator(MemorySegment.NULL);
            left = 0;
        }
    }

    /** Lets go of all copies, which the next garbage collection frees; layers are copied again when they are used again. Not while a pass runs. */
    public void release() {
        layers.clear();
        memory.startAnew();
    }

    @Override
    public Tensor apply(LinearSite site, RolloutStep step, Tensor input) {
        PackedLinear packed = packed(site);
        return packed != null && packed.takes(input)
                ? packed.multiply(input, false)
                : Ops.linear(input, weights.apply(site), biases.apply(site));
    }

    @Override
    public Tensor applyGelu(LinearSite site, RolloutStep step, Tensor input) {
        PackedLinear packed = packed(site);
        return packed != null && packed.takes(input)
                ? packed.multiply(input, true)
                : Ops.geluTanh(Ops.linear(input, weights.apply(site), biases.apply(site)));
    }

    /** Layers that were packed so far. */
    int packedLayers() {
        return layers.size();
    }

    private @Nullable PackedLinear packed(LinearSite site) {
        PackedLinear known = layers.get(site);
        if (known != null && known.isCurrent()) {
            return known;
        }
        Onednn library = onednn;
        if (library == null || !PackedLinear.fits(library, weights.apply(site), biases.apply(site))) {
            return null;
        }
        PackedLinear made = new PackedLinear(library, weights.apply(site), biases.apply(site), memory);
        layers.put(site, made);
        return made;
    }
}
