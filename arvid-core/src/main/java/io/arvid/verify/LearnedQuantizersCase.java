package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.MinMaxWeightFit;
import io.arvid.quantize.qvgen.ClippedDynamicInput;
import io.arvid.quantize.qvgen.Follow;
import io.arvid.quantize.qvgen.LsqWeight;
import io.arvid.quantize.qvgen.ShrinkSearch;
import io.arvid.quantize.qvgen.StraightThrough;
import io.arvid.quantize.qvgen.TimestepBuckets;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Gradients;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** {@code qvgen_quantizers}: LSQ+ weights, clipped dynamic inputs, their gradients, the shrink search, and the bucket rules of the code. */
final class LearnedQuantizersCase implements GoldenCase {
    private static final Tolerance PAIRS = Tolerance.relative(1e-5);
    /** A code may differ at a rounding tie. */
    private static final Tolerance OUTPUT = new Tolerance(1e-5, 0, 0.005);

    private static final Tolerance DENSE_GRADIENT = new Tolerance(1e-5, 1e-4, 0.005);
    private static final Tolerance SUMMED_GRADIENT = new Tolerance(1e-6, 1e-3);
    private static final double SMALLEST_STEP = 1e-9;

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        Torch.withGradients(() -> {
            for (int bits : new int[] {4, 3}) {
                weights(folder, report, bits);
                inputs(folder, report, bits);
            }
            return report;
        });
        searchErrors(folder, report);
        buckets(folder.json().path("config"), report);
    }

    private static void weights(CaseFolder folder, CaseReport report, int bits) {
        String name = "lsq" + bits;
        IntGrid grid = IntGrid.asymmetric(bits);
        Tensor weight = folder.tensor("lsq_weight");
        AffinePairs found = new ShrinkSearch(true).fit(weight, grid);
        report.expect(folder, name + "_init_scale", found.scales(), PAIRS);
        report.expect(folder, name + "_init_zero_point", found.zeros(), PAIRS);
        Tensor low = found.zeros().neg().mul(found.scales());
        report.expect(folder, name + "_init_min", low, PAIRS);
        report.expect(folder, name + "_init_max", low.add(Ops.mul(found.scales(), grid.steps())), PAIRS);
        gradients(folder, report, name, "init", grid, found);
        AffinePairs disturbed =
                new AffinePairs(folder.tensor(name + "_pert_scale"), folder.tensor(name + "_pert_zero_point"));
        gradients(folder, report, name, "pert", grid, disturbed);

        ShrinkSearch rounded = new ShrinkSearch(false);
        String uniform = "uniform" + bits;
        AffinePairs pairs = rounded.fit(weight, grid);
        report.expect(folder, uniform + "_mse_scale", pairs.scales(), PAIRS);
        report.expect(folder, uniform + "_mse_zero_point", pairs.zeros(), Tolerance.EXACT);
        report.expect(folder, uniform + "_mse_output", rounded.fake(weight, grid, pairs), OUTPUT);
        IntGrid symmetric = IntGrid.symmetric(bits);
        AffinePairs whole = new MinMaxWeightFit().fit(weight, symmetric);
        report.expect(folder, uniform + "_sym_minmax_scale", whole.scales(), PAIRS);
        report.expect(
                folder,
                uniform + "_sym_minmax_output",
                AffineQuantizer.fake(weight, symmetric, whole.scales(), whole.zeros()),
                OUTPUT);
    }

    private static void gradients(
            CaseFolder folder, CaseReport report, String name, String state, IntGrid grid, AffinePairs pairs) {
        LsqWeight quantizer = LsqWeight.of(grid);
        Tensor weight = Gradients.leaf(folder.tensor("lsq_weight"));
        Tensor scale = Gradients.leaf(pairs.scales());
        Tensor zero = Gradients.leaf(pairs.zeros());
        Tensor output = quantizer.fake(weight, scale, zero);
        report.expect(folder, name + "_" + state + "_output", output, OUTPUT);
        List<Tensor> found = Gradients.of(output, folder.tensor("lsq_upstream"), weight, scale, zero);
        double factor = quantizer.gradientFactor(weight.size(1));
        String plain = name + "_nogs_" + state;
        String scaled = name + "_gs_" + state;
        report.expect(folder, plain + "_grad_weight", found.get(0), DENSE_GRADIENT);
        report.expect(folder, scaled + "_grad_weight", found.get(0), DENSE_GRADIENT);
        report.expect(folder, plain + "_grad_scale", found.get(1), SUMMED_GRADIENT);
        report.expect(folder, plain + "_grad_zero_point", found.get(2), SUMMED_GRADIENT);
        report.expect(folder, scaled + "_grad_scale", Ops.mul(found.get(1), factor), SUMMED_GRADIENT);
        report.expect(folder, scaled + "_grad_zero_point", Ops.mul(found.get(2), factor), SUMMED_GRADIENT);
    }

    private static void inputs(CaseFolder folder, CaseReport report, int bits) {
        IntGrid grid = IntGrid.asymmetric(bits);
        JsonNode config = folder.json().path("config");
        double ratio = config.path("clip_ratio").asDouble();
        ClippedDynamicInput quantizer =
                new ClippedDynamicInput(grid, ratio, true, SMALLEST_STEP, StraightThrough.PLAIN);
        Tensor bucket = Tensors.of(new long[] {config.path("act_group_index").asLong()}, 1);
        Tensor upstream = folder.tensor("act_upstream");
        for (String state : List.of("init", "pert")) {
            String name = "act" + bits + "_" + state;
            Tensor x = Gradients.leaf(folder.tensor("act_x"));
            Tensor lower = Gradients.leaf(folder.tensor(name + "_lower"));
            Tensor upper = Gradients.leaf(folder.tensor(name + "_upper"));
            Tensor low = quantizer.factors(lower.index_select(0, bucket));
            Tensor high = quantizer.factors(upper.index_select(0, bucket));
            ClippedDynamicInput.Range range = quantizer.range(x, low, high);
            report.expect(folder, name + "_low", range.low().flatten(), PAIRS);
            report.expect(folder, name + "_high", range.high().flatten(), PAIRS);
            report.expect(folder, name + "_scale", range.scale().flatten(), PAIRS);
            report.expect(folder, name + "_zero_point", range.zero().flatten(), Tolerance.EXACT);
            Tensor output = quantizer.fake(x, low, high);
            report.expect(folder, name + "_output", output, OUTPUT);
            List<Tensor> found = Gradients.of(output, upstream, x, lower, upper);
            report.expect(folder, name + "_grad_x", found.get(0), DENSE_GRADIENT);
            report.expect(folder, name + "_grad_lower", found.get(1), SUMMED_GRADIENT);
            report.expect(folder, name + "_grad_upper", found.get(2), SUMMED_GRADIENT);
        }
        Tensor x = Gradients.leaf(folder.tensor("act_x"));
        Tensor fixed = Tensors.full(DTypes.F32, ratio, 1);
        Tensor output = quantizer.fake(x, fixed, fixed);
        report.expect(folder, "dyn" + bits + "_output", output, OUTPUT);
        report.expect(
                folder,
                "dyn" + bits + "_grad_x",
                Gradients.of(output, upstream, x).getFirst(),
                DENSE_GRADIENT);
    }

    private static void searchErrors(CaseFolder folder, CaseReport report) {
        IntGrid grid = IntGrid.asymmetric(4);
        ShrinkSearch search = new ShrinkSearch(true);
        Tensor weight = folder.tensor("lsq_weight");
        Tensor low = Ops.amin(weight, true, 1);
        Tensor high = Ops.amax(weight, true, 1);
        List<Tensor> errors = new ArrayList<>();
        for (int i = 0; i < folder.tensor("lsq4_search_errors").size(0); i++) {
            errors.add(search.error(weight, grid, search.shrunk(low, high, grid, i))
                    .flatten());
        }
        Tensor table = Ops.stack(0, errors);
        report.expect(folder, "lsq4_search_errors", table, folder.tolerance("lsq4_search_errors"));
        Tensor factors = Ops.add(Ops.mul(Ops.toF64(Ops.argmin(table, 0)), -0.01), 1);
        report.expect(folder, "lsq4_chosen_factor", factors, PAIRS);
    }

    private static void buckets(JsonNode config, CaseReport report) {
        TimestepBuckets buckets = new TimestepBuckets(config.path("act_groups").asInt(), Follow.CODE);
        for (JsonNode one : config.path("training_index")) {
            report.expect(
                    "bucket of t = " + one.path("t"),
                    buckets.of(one.path("t").asDouble()),
                    one.path("idx").asInt(),
                    Tolerance.EXACT);
        }
        int call = 0;
        for (JsonNode expected : config.path("inference_counter_sequence")) {
            report.expect("bucket of call " + call, buckets.countedDown(call), expected.asInt(), Tolerance.EXACT);
            call++;
        }
    }
}
