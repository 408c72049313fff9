package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.rollout.kv.GroupedCodes;
import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.tensor.BitPacking;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/** {@code kv_kivi}: keys and values quantized in groups of tokens, codes, steps, minima and values. */
final class KvKiviCase implements GoldenCase {
    private static final Pattern PACKED = Pattern.compile("(.+)_(\\d+)_(f32|f16)_packed");
    private static final Pattern PERCENT = Pattern.compile("([0-9.]+) percent");

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        int groupSize = folder.json().path("config").path("group_size").asInt();
        for (String name : folder.io().names()) {
            Matcher packed = PACKED.matcher(name);
            if (packed.matches()) {
                compare(folder, report, packed, groupSize);
            }
        }
    }

    private static void compare(CaseFolder folder, CaseReport report, Matcher name, int groupSize) {
        String prefix = name.group(1) + "_" + name.group(2) + "_" + name.group(3) + "_";
        boolean half = name.group(3).equals("f16");
        int bits = Integer.parseInt(name.group(2));
        GroupedQuantizer quantizer = new GroupedQuantizer(
                bits,
                groupSize,
                GroupedQuantizer.Axis.TOKENS,
                half ? DTypes.F16 : DTypes.F32,
                GroupedQuantizer.Padding.ZERO);
        GroupedCodes codes = quantizer.quantizeRows(folder.tensor(name.group(1)).permute(1, 2, 0));

        Tolerance few = new Tolerance(0, 0, share(folder, half ? "*_f16_*" : "*_f32_packed"));
        Tolerance exactly = half ? Tolerance.relative(0x1p-10) : folder.tolerance("*_f32_scale/min");
        report.expect(folder, prefix + "scale", codes.steps(), exactly);
        report.expect(folder, prefix + "min", codes.minima(), exactly);
        Tensor actual = BitPacking.LOW_FIRST.unpack(codes.packed(), bits);
        Tensor expected =
                BitPacking.LOW_FIRST.unpack(Ops.reinterpret(folder.tensor(prefix + "packed"), DTypes.U8), bits);
        report.expect(prefix + "packed", actual, expected, few);
        report.expect(prefix + "packed (each)", actual, expected, Tolerance.absolute(1));
        report.expectTrue(
                prefix + "packed (words)",
                List.of(Tensors.shape(codes.words()).length, (int) codes.words().size(-1))
                        .equals(List.of(Tensors.shape(folder.tensor(prefix + "packed")).length, (int)
                                folder.tensor(prefix + "packed").size(-1))));
        Tensor values = codes.values().permute(2, 0, 1);
        report.expect(folder, prefix + "dequant", values, new Tolerance(1e-5, 0, few.exceptShare()));
        double step = Tensors.item(Ops.amax(Ops.toF32(codes.steps()).flatten(), false, 0));
        report.expect(
                prefix + "dequant (each)", values, folder.tensor(prefix + "dequant"), Tolerance.absolute(step + 1e-5));
    }

    /** The share of entries that the case lets differ. */
    private static double share(CaseFolder folder, String what) {
        JsonNode text = folder.json().path("tolerance").path(what);
        Matcher matcher = PERCENT.matcher(text.asText());
        return matcher.find() ? Double.parseDouble(matcher.group(1)) / 100 : 0;
    }
}
