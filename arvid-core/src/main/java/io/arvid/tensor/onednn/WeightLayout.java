package io.arvid.tensor.onednn;

import io.arvid.tensor.DTypes;

/** The blocked order in which oneDNN wants the weights of a layer, one for all numbers of rows. */
public final class WeightLayout {
    private static final int REFERENCE_ROWS = 256;

    /** Number type and sizes of the weight matrix. */
    record Key(DTypes type, int inFeatures, int outFeatures) {}

    private final OnednnFunctions functions;
    private final long engine;
    private final Reorder fromRows;
    private final Reorder fromColumns;
    private final long blocked;
    private final long bytes;

    WeightLayout(OnednnFunctions functions, long engine, Key key) {
        this.functions = functions;
        this.engine = engine;
        long any = Descriptions.any(functions, key.type(), key.inFeatures(), key.outFeatures());
        Matmul.Key reference = new Matmul.Key(
                key.type(),
                key.type() == DTypes.BF16 ? DTypes.BF16 : DTypes.F32,
                REFERENCE_ROWS,
                key.inFeatures(),
                key.outFeatures(),
                key.outFeatures(),
                false,
                false);
        long primitive = Matmul.primitive(functions, engine, reference, any);
        this.blocked = functions.query("dnnl_primitive_desc_query_md", primitive, Descriptions.QUERY_WEIGHTS, 0);
        this.bytes = functions.query("dnnl_memory_desc_get_size", blocked);
        this.fromRows = reorder(key, 1, key.inFeatures());
        this.fromColumns = reorder(key, key.outFeatures(), 1);
    }

    /** Bytes of the blocked weights. */
    public long bytes() {
        return bytes;
    }

    /** oneDNN's description of the blocked weights. */
    long description() {
        return blocked;
    }

    /** How plain weights become blocked ones. */
    private record Reorder(long plain, long primitive) {}

    private Reorder reorder(Key key, long inStride, long outStride) {
        long plain =
                Descriptions.strided(functions, key.type(), key.inFeatures(), key.outFeatures(), inStride, outStride);
        long reorder = functions.create("dnnl_reorder_primitive_desc_create", plain, engine, blocked, engine, 0L);
        return new Reorder(plain, functions.create("dnnl_primitive_create", reorder));
    }

    /** Brings weights, {@code [out, in]} at {@code plainWeights}, into blocked order at {@code target}. */
    public void block(long plainWeights, long target, Onednn onednn) {
        block(fromRows, plainWeights, target, onednn);
    }

    /** Brings weights, {@code [in, out]} at {@code plainWeights}, into blocked order at {@code target}. */
    public void blockTransposed(long plainWeights, long target, Onednn onednn) {
        block(fromColumns, plainWeights, target, onednn);
    }

    private void block(Reorder reorder, long plainWeights, long target, Onednn onednn) {
        Workspace workspace = onednn.workspace();
        workspace.argument(Descriptions.ARG_SOURCE, reorder.plain(), plainWeights);
        workspace.argument(Descriptions.ARG_TARGET, blocked, target);
        workspace.execute(reorder.primitive());
    }
}
