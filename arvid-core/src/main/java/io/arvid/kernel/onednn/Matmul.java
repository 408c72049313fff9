package io.arvid.kernel.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@code y = (a · wᵀ) · diag(scales) + bias}, a unsigned and w signed bytes, summed in int32 and scaled in float32. Safe to run in several threads. */
public final class Matmul {
    private static final int PER_OUTPUT = 2;

    /**
     * A kind of product.
     *
     * @param rows rows of a
     * @param inFeatures columns of a
     * @param outFeatures columns of y
     * @param outStride elements between rows of y
     * @param toBf16 true where y is bfloat16, false where it is float32
     * @param hasBias true where a bias is added
     */
    public record Key(int rows, int inFeatures, int outFeatures, int outStride, boolean toBf16, boolean hasBias) {}

    private final Onednn onednn;
    private final Key key;
    private final long source;
    private final long target;
    private final long scales;
    private final long bias;
    private final long weights;
    private final long scratchpad;
    private final long scratchBytes;
    private final long primitive;
    private final String implementation;

    Matmul(Onednn onednn, OnednnFunctions functions, long engine, Key key, WeightLayout layout) {
        this.onednn = onednn;
        this.key = key;
        this.weights = layout.description();
        this.source = source(functions, key);
        this.target = target(functions, key);
        this.scales = Descriptions.vector(functions, key.outFeatures());
        this.bias = bias(functions, key);
        long description = primitive(functions, engine, key, weights);
        this.scratchpad =
                functions.query("dnnl_primitive_desc_query_md", description, Descriptions.QUERY_SCRATCHPAD, 0);
        this.scratchBytes = functions.query("dnnl_memory_desc_get_size", scratchpad);
        this.implementation = implementation(functions, description);
        this.primitive = functions.create("dnnl_primitive_create", description);
    }

    private static long source(OnednnFunctions functions, Key key) {
        return Descriptions.strided(functions, Descriptions.U8, key.rows(), key.inFeatures(), key.inFeatures(), 1);
    }

    private static long target(OnednnFunctions functions, Key key) {
        int type = key.toBf16() ? Descriptions.BF16 : Descriptions.F32;
        return Descriptions.strided(functions, type, key.rows(), key.outFeatures(), key.outStride(), 1);
    }

    private static long bias(OnednnFunctions functions, Key key) {
        return Descriptions.strided(functions, Descriptions.F32, 1, key.outFeatures(), key.outFeatures(), 1);
    }

    /** oneDNN's description of the product with weights that lie as {@code weights} says. */
    static long primitive(OnednnFunctions functions, long engine, Key key, long weights) {
        long attributes = functions.create("dnnl_primitive_attr_create");
        functions.call("dnnl_primitive_attr_set_scratchpad_mode", attributes, Descriptions.USER_SCRATCHPAD);
        functions.call("dnnl_primitive_attr_set_scales_mask", attributes, Descriptions.ARG_WEIGHTS, PER_OUTPUT);
        return functions.create(
                "dnnl_matmul_primitive_desc_create",
                engine,
                source(functions, key),
                weights,
                key.hasBias() ? bias(functions, key) : 0L,
                target(functions, key),
                attributes);
    }

    private static String implementation(OnednnFunctions functions, long description) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(ValueLayout.JAVA_LONG);
            functions.call(
                    "dnnl_primitive_desc_query", description, Descriptions.QUERY_IMPLEMENTATION, 0, name.address());
            return MemorySegment.ofAddress(name.get(ValueLayout.JAVA_LONG, 0))
                    .reinterpret(Long.MAX_VALUE)
                    .getString(0);
        }
    }

    /** oneDNN's name of the code that runs, such as {@code brg_matmul:avx10_1_512_amx}. */
    public String implementation() {
        return implementation;
    }

    /**
     * Multiplies.
     *
     * @param a unsigned bytes {@code [rows, in]}
     * @param w signed bytes in the layer's {@link WeightLayout}
     * @param scale float32 {@code [out]}
     * @param offset float32 {@code [out]}; not read where the product has no bias
     * @param y where the result goes
     */
    public void run(long a, long w, long scale, long offset, long y) {
        Workspace workspace = onednn.workspace();
        workspace.argument(Descriptions.ARG_SOURCE, source, a);
        workspace.argument(Descriptions.ARG_WEIGHTS, weights, w);
        workspace.argument(Descriptions.ARG_SCALES | Descriptions.ARG_WEIGHTS, scales, scale);
        if (key.hasBias()) {
            workspace.argument(Descriptions.ARG_BIAS, bias, offset);
        }
        workspace.argument(Descriptions.ARG_TARGET, target, y);
        workspace.argument(Descriptions.ARG_SCRATCHPAD, scratchpad, workspace.scratch(scratchBytes));
        workspace.execute(primitive);
    }
}
