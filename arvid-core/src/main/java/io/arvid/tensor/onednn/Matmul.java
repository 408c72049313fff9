package io.arvid.tensor.onednn;

import io.arvid.tensor.DTypes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@code y = f(a · wᵀ + bias)}. Of unsigned bytes a and signed bytes w the sums are in int32 and scaled, {@code (a · wᵀ) · diag(scales) + bias}; of
 * float32 and bfloat16 a, w and bias have one type, the sums are in float32, and y has that type or is float32. Safe to run in several threads.
 */
public final class Matmul {
    private static final int PER_OUTPUT = 2;

    /**
     * A kind of product.
     *
     * @param weights number type of w: int8, float32 or bfloat16
     * @param target number type of y: float32 or bfloat16; float32 or that of w
     * @param rows rows of a
     * @param inFeatures columns of a
     * @param outFeatures columns of y
     * @param outStride elements between rows of y
     * @param hasBias true where a bias is added
     * @param gelu true where GELU (tanh) follows
     */
    public record Key(
            DTypes weights,
            DTypes target,
            int rows,
            int inFeatures,
            int outFeatures,
            int outStride,
            boolean hasBias,
            boolean gelu) {
        boolean isScaled() {
            return weights == DTypes.I8;
        }

        private DTypes source() {
            return isScaled() ? DTypes.U8 : weights;
        }

        private DTypes bias() {
            return isScaled() ? DTypes.F32 : weights;
        }
    }

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
        return Descriptions.strided(functions, key.source(), key.rows(), key.inFeatures(), key.inFeatures(), 1);
    }

    private static long target(OnednnFunctions functions, Key key) {
        return Descriptions.strided(functions, key.target(), key.rows(), key.outFeatures(), key.outStride(), 1);
    }

    private static long bias(OnednnFunctions functions, Key key) {
        return Descriptions.strided(functions, key.bias(), 1, key.outFeatures(), key.outFeatures(), 1);
    }

    /** oneDNN's description of the product with weights that lie as {@code weights} says. */
    static long primitive(OnednnFunctions functions, long engine, Key key, long weights) {
        long attributes = functions.create("dnnl_primitive_attr_create");
        functions.call("dnnl_primitive_attr_set_scratchpad_mode", attributes, Descriptions.USER_SCRATCHPAD);
        if (key.isScaled()) {
            functions.call("dnnl_primitive_attr_set_scales_mask", attributes, Descriptions.ARG_WEIGHTS, PER_OUTPUT);
        }
        if (key.gelu()) {
            long after = functions.create("dnnl_post_ops_create");
            functions.call("dnnl_post_ops_append_eltwise", after, Descriptions.GELU_TANH, 0f, 0f);
            functions.call("dnnl_primitive_attr_set_post_ops", attributes, after);
        }
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
     * @param a {@code [rows, in]}: unsigned bytes, or the type of w
     * @param w in the layer's {@link WeightLayout}
     * @param scale float32 {@code [out]}; read where w is int8
     * @param offset {@code [out]}, float32 where w is int8, else of its type; not read where the product has no bias
     * @param y where the result goes
     */
    public void run(long a, long w, long scale, long offset, long y) {
        Workspace workspace = onednn.workspace();
        long scratch = workspace.scratch(scratchBytes); // before the arguments: where it fails, none are left over
        workspace.argument(Descriptions.ARG_SOURCE, source, a);
        workspace.argument(Descriptions.ARG_WEIGHTS, weights, w);
        if (key.isScaled()) {
            workspace.argument(Descriptions.ARG_SCALES | Descriptions.ARG_WEIGHTS, scales, scale);
        }
        if (key.hasBias()) {
            workspace.argument(Descriptions.ARG_BIAS, bias, offset);
        }
        workspace.argument(Descriptions.ARG_TARGET, target, y);
        workspace.argument(Descriptions.ARG_SCRATCHPAD, scratchpad, scratch);
        workspace.execute(primitive);
    }
}
