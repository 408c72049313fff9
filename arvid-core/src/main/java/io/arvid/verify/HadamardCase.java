package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.fit.AbsMaxWeightFit;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.BlockRotation;
import io.arvid.quantize.scheme.Correction.Rotation;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.RotationMatrix;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** {@code hadamard_rotation}: block rotations of both families, and int8 layers with and without them. */
final class HadamardCase implements GoldenCase {
    private static final IntGrid INT8 = IntGrid.symmetric(8);

    /** {@code "invariance": "x R (w R)^T equals x w^T to 1e-4"}. */
    private static final Tolerance INVARIANCE = Tolerance.absolute(1e-4);

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        JsonNode config = folder.json().path("config");
        Tensor x = folder.tensor("x");
        Tensor y = Ops.linear(x, folder.tensor("weight"), folder.tensor("bias"));
        report.expect(folder, "y", y, INVARIANCE);
        config.path("sylvester_blocks")
                .forEach(size -> compareRotation(
                        folder, report, "sylvester" + size, new Rotation(Rotation.Kind.SYLVESTER, size.asInt())));
        config.path("convrot_groups")
                .forEach(size -> compareRotation(
                        folder, report, "convrot" + size, new Rotation(Rotation.Kind.CONV_ROT, size.asInt())));
        compareInt8(folder, report, "plain", folder.tensor("weight"), x);
    }

    private static void compareRotation(CaseFolder folder, CaseReport report, String name, Rotation rotation) {
        Tolerance rotated = folder.tolerance("*_weight/*_x");
        BlockRotation blocks = new BlockRotation(rotation);
        Tensor weight = blocks.apply(folder.tensor("weight"));
        Tensor x = blocks.apply(folder.tensor("x"));
        report.expect(folder, name + "_matrix_sign", signs(rotation), folder.tolerance("matrix_sign"));
        report.expect(folder, name + "_weight", weight, rotated);
        report.expect(folder, name + "_x", x, rotated);
        Tensor plain = Ops.linear(folder.tensor("x"), folder.tensor("weight"), null);
        report.expect(name + " invariance", Ops.linear(x, weight, null), plain, INVARIANCE);
        AffinePairs rows = compareInt8(folder, report, name, weight, x);
        if (folder.io().has(name + "_weight_dequant")) {
            Tensor values = AffineQuantizer.fake(weight, INT8, rows.scales(), rows.zeros());
            report.expect(folder, name + "_weight_dequant", blocks.apply(values), new Tolerance(oneStep(rows), 0));
        }
        report.expect(
                name + " abs_max_weight",
                Tensors.item(weight.abs().max()),
                folder.json().path("results").path(name).path("abs_max_weight").asDouble(),
                rotated);
    }

    /** int8 rows of the weight, int8 tokens, sums of integers, and one product of scales an output. */
    private static AffinePairs compareInt8(CaseFolder folder, CaseReport report, String name, Tensor weight, Tensor x) {
        Tolerance scale = folder.tolerance("scale");
        Tolerance codes = Tolerance.statedShare(
                folder.json().path("tolerance").path("codes").asText());
        Tensor tokens = x.reshape(-1, x.size(-1));
        AffinePairs rows = new AbsMaxWeightFit().fit(weight, INT8);
        AffinePairs perToken = new AbsMaxWeightFit().fit(tokens, INT8);
        Tensor weightCodes = AffineQuantizer.codes(weight, INT8, rows.scales(), rows.zeros());
        Tensor tokenCodes = AffineQuantizer.codes(tokens, INT8, perToken.scales(), perToken.zeros());
        expect(folder, report, name + "_weight_codes", weightCodes, codes);
        expect(folder, report, name + "_weight_scale", rows.scales(), scale);
        expect(folder, report, name + "_x_codes", tokenCodes.reshape(Tensors.shape(x)), codes);
        expect(folder, report, name + "_x_scale", perToken.scales().reshape(x.size(0), x.size(1)), scale);
        Tensor sums = Ops.linear(Ops.toF64(tokenCodes), Ops.toF64(weightCodes), null);
        Tensor output = Ops.toF32(sums)
                .mul(perToken.scales().mul(rows.scales().t()))
                .add(folder.tensor("bias"))
                .reshape(x.size(0), x.size(1), -1);
        report.expect(folder, name + "_y_int8", output, folder.tolerance("y_int8"));
        double error = Tensors.item(Ops.meanSquaredError(output, folder.tensor("y")));
        report.expect(
                name + " int8_mse",
                error,
                folder.json().path("results").path(name).path("int8_mse").asDouble(),
                Tolerance.relative(1e-2));
        return rows;
    }

    private static void expect(CaseFolder folder, CaseReport report, String name, Tensor actual, Tolerance tolerance) {
        if (folder.io().has(name)) {
            report.expect(folder, name, actual, tolerance);
        }
    }

    /** What one code of the widest row may move a value by. */
    private static double oneStep(AffinePairs rows) {
        return Tensors.item(rows.scales().max());
    }

    private static Tensor signs(Rotation rotation) {
        int[][] signs = RotationMatrix.signs(rotation.kind(), rotation.blockSize());
        long[] entries = new long[signs.length * signs.length];
        for (int i = 0; i < entries.length; i++) {
            entries[i] = signs[i / signs.length][i % signs.length];
        }
        return Tensors.of(entries, signs.length, signs.length);
    }
}
