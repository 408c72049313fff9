package io.arvid.tensor.onednn;

import io.arvid.tensor.DTypes;

/** The blocked order in which oneDNN wants the weights of a layer, one for all numbers of rows. */
public final class WeightLayout {
    private static final int REFERENCE_ROWS = 256;

    /** Number type and sizes of the weight matrix. */
    record Key(DTypes type, int inFeatures, int outFeatures) {}

    private final long plain;
    private final long reorder;
    private final long blocked;
    private final long bytes;

    WeightLayout(OnednnFunctions functions, long engine, Key key) {
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
        this.plain =
                Descriptions.strided(functions, key.type(), key.inFeatures(), key.outFeatures(), 1, key.inFeatures());
        this.reorder = functions.create(
                "dnnl_primitive_create",
                functions.create("dnnl_reorder_primitive_desc_create", plain, engine, blocked, engine, 0L));
    }

    /** Bytes of the blocked weights. */
    public long bytes() {
        return bytes;
    }

    /** oneDNN's description of the blocked weights. */
    long description() {
        return blocked;
    }

    /** Brings weights, {@code [out, in]} at {@code plainWeights}, into blocked order at {@code target}. */
    public void block(long plainWeights, long target, Onednn onednn) {
        Workspace workspace = onednn.workspace();
        workspace.argument(Descriptions.ARG_SOURCE, plain, plainWeights);
        workspace.argument(Descriptions.ARG_TARGET, blocked, target);
        workspace.execute(reorder);
    }
}
