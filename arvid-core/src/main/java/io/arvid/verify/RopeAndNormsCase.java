package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.model.wan.WanNorms;
import io.arvid.model.wan.WanRope;
import io.arvid.model.wan.WanTransformer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/** {@code rope_and_norms}: rotary tables and rotations, the sinusoid of timesteps, RMS norm and layer norm. */
final class RopeAndNormsCase implements GoldenCase {
    private static final double EPS = 1e-6;
    private static final Pattern CAUSAL = Pattern.compile("causal_start([0-9]+)");
    private static final Pattern SINUSOID = Pattern.compile("sinusoid([0-9]+)");
    private static final Pattern STATED = Pattern.compile("atol\\s+([0-9.e+-]+).*");

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        Tolerance tolerance = folder.tolerance();
        Tensor x = folder.tensor("x");
        WanRope rope = new WanRope(Math.toIntExact(x.size(3)));
        long[] grid = Tensors.toLongs(folder.tensor("grid"));
        int frames = (int) grid[0];
        int rows = (int) grid[1];
        int columns = (int) grid[2];

        Tensor expected = folder.tensor("bidirectional");
        Tensor extra = Ops.slice(expected, 1, x.size(1), expected.size(1));
        report.expect(
                folder,
                "bidirectional",
                rope.apply(Ops.cat(1, x, extra), WanRope.frames(0, frames), rows, columns),
                tolerance);
        double[] frequencies = rope.frequencies();
        report.expect(folder, "table_cos", table(folder, frequencies, Math::cos), stated(folder, "table"));
        report.expect(folder, "table_sin", table(folder, frequencies, Math::sin), stated(folder, "table"));
        for (String name : folder.io().names()) {
            Matcher causal = CAUSAL.matcher(name);
            if (causal.matches()) {
                int[] positions = WanRope.frames(Integer.parseInt(causal.group(1)), frames);
                report.expect(folder, name, rope.apply(x, positions, rows, columns), tolerance);
            }
            Matcher sinusoid = SINUSOID.matcher(name);
            if (sinusoid.matches()) {
                int dim = Integer.parseInt(sinusoid.group(1));
                report.expect(
                        folder, name, WanTransformer.sinusoid(folder.tensor("timesteps"), dim), stated(folder, name));
            }
        }
        Tensor flat = x.flatten(2, 3);
        report.expect(folder, "rms_out", WanNorms.rms(flat, folder.tensor("rms_weight"), EPS), tolerance);
        report.expect(folder, "layernorm_out", Ops.layerNorm(flat, null, null, EPS), tolerance);
    }

    /** {@code function} of position times frequency, a row a position. */
    private static Tensor table(CaseFolder folder, double[] frequencies, DoubleUnaryOperator function) {
        long[] positions = Tensors.toLongs(folder.tensor("table_rows"));
        double[] values = new double[positions.length * frequencies.length];
        Arrays.setAll(
                values,
                i -> function.applyAsDouble(positions[i / frequencies.length] * frequencies[i % frequencies.length]));
        return Tensors.of(values, positions.length, frequencies.length);
    }

    /** A tolerance that is written out for one tensor, such as {@code "atol 1e-12 (float64)"}; the case's own where there is none. */
    private static Tolerance stated(CaseFolder folder, String name) {
        JsonNode text = folder.json().path("tolerance").path(name);
        Matcher matcher = STATED.matcher(text.asText());
        return matcher.matches() ? Tolerance.absolute(Double.parseDouble(matcher.group(1))) : folder.tolerance();
    }
}
