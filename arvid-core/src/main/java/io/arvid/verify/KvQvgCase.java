package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.rollout.kv.BlockCodes;
import io.arvid.rollout.kv.BlockQuantizer;
import io.arvid.rollout.kv.KMeans;
import io.arvid.rollout.kv.ResidualQuantizer;
import io.arvid.rollout.kv.ResidualTokens;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** {@code kv_qvg}: k-means stages and a residual in blocks, from given initial centroids. */
final class KvQvgCase implements GoldenCase {
    /** Steps within this share of the middle of two eight-bit floats may round either way. */
    private static final double MIDPOINT = 1e-6;

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        JsonNode config = folder.json().path("config");
        KMeans clustering = new KMeans(
                config.path("max_iterations").asInt(), config.path("tol").asDouble());
        for (Map.Entry<String, JsonNode> one : folder.json().path("cases").properties()) {
            JsonNode settings = one.getValue();
            ResidualQuantizer quantizer = new ResidualQuantizer(
                    settings.path("stages").asInt(),
                    config.path("clusters").asInt(),
                    clustering,
                    new BlockQuantizer(
                            settings.path("bits").asInt(),
                            settings.path("block").asInt(),
                            settings.path("asymmetric").asBoolean()),
                    DTypes.F32,
                    0);
            Tensor x = folder.tensor("x");
            ResidualTokens tokens = quantizer.quantize(
                    x,
                    (stage, residual) ->
                            folder.tensor("init_centroids_stage" + stage).flatten(0, 1));
            compare(folder, report, one.getKey() + "_", x, tokens);
            tokens.close();
        }
    }

    private static void compare(CaseFolder folder, CaseReport report, String prefix, Tensor x, ResidualTokens tokens) {
        Tolerance codes = new Tolerance(0, 0, 0.001);
        long batch = x.size(0);
        Tensor residual = Ops.toF32(x);
        for (int stage = 0; stage < tokens.stages().size(); stage++) {
            String name = prefix + "stage" + stage + "_";
            Tensor ids = tokens.stages().get(stage).ids();
            Tensor centroids = tokens.stages().get(stage).centroids();
            report.expect(folder, name + "ids", ids.unflatten(0, batch, -1), folder.tolerance("ids"));
            report.expect(folder, name + "centroids", centroids.unflatten(0, batch, -1), folder.tolerance("centroids"));
            residual = residual.sub(new KMeans.Clusters(Ops.to(ids, DTypes.I64), centroids)
                    .ofTokens()
                    .unflatten(0, batch, -1));
        }
        BlockCodes blocks = tokens.residual();
        report.expect(folder, prefix + "residual", residual, folder.tolerance("centroids"));
        report.expect(folder, prefix + "packed", blocks.packed().unflatten(0, batch, -1), codes);
        report.expect(folder, prefix + "codes", blocks.codes().unflatten(0, batch, -1), codes);
        Tensor given = folder.tensor(prefix + "residual");
        compareE4m3(
                folder,
                report,
                prefix + "scale",
                blocks.steps(),
                blocks.quantizer().exactSteps(given));
        if (blocks.zeros() != null) {
            compareE4m3(
                    folder,
                    report,
                    prefix + "zero",
                    blocks.zeros(),
                    blocks.quantizer().exactZeros(given));
        }
        Tolerance close = folder.tolerance("dequant");
        report.expect(
                folder, prefix + "dequant", tokens.dequantize(), new Tolerance(close.atol(), 0, codes.exceptShare()));
    }

    /** Eight-bit floats, exact but for those that were close to the middle of two before they were rounded. */
    private static void compareE4m3(
            CaseFolder folder, CaseReport report, String name, Tensor actual, Tensor beforeRounding) {
        Tensor values = actual.reshape(Tensors.shape(folder.tensor(name))).contiguous();
        Tensor expected = folder.tensor(name);
        Tensor exact = beforeRounding.reshape(Tensors.shape(expected));
        Tensor middle = Ops.mul(Ops.toF32(values).add(expected), 0.5);
        Tensor undecided = exact.sub(middle).abs().le(Ops.mul(middle.abs(), MIDPOINT));
        report.expect(name, Ops.where(undecided, expected, Ops.toF32(values)), expected, Tolerance.EXACT);
        Tensor bytes = folder.tensor(name + "_e4m3");
        Tensor actualBytes = Ops.reinterpret(values, DTypes.U8);
        report.expect(name + "_e4m3", Ops.where(undecided, bytes, actualBytes), bytes, Tolerance.EXACT);
    }
}
