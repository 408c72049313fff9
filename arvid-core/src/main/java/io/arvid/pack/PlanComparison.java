package io.arvid.pack;

import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Devices;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Whether two plans of a layer say the same, bit for bit. */
final class PlanComparison {
    private PlanComparison() {}

    /** What differs first, or nothing where the plans are equal. */
    static String difference(LayerPlan a, LayerPlan b) {
        if (!a.grid().equals(b.grid()) || !a.at().equals(b.at())) {
            return "grid or granularity";
        }
        if (!a.input().equals(b.input())) {
            return "input " + a.input() + ", not " + b.input();
        }
        if (!same(a.codes(), b.codes())) {
            return "codes";
        }
        if (!same(a.scales(), b.scales()) || !same(a.zeros(), b.zeros())) {
            return "scales or zero points";
        }
        if (a.corrections().size() != b.corrections().size()) {
            return "corrections";
        }
        for (int i = 0; i < a.corrections().size(); i++) {
            if (!same(a.corrections().get(i), b.corrections().get(i))) {
                return a.corrections().get(i).getClass().getSimpleName();
            }
        }
        return "";
    }

    private static boolean same(Correction a, Correction b) {
        boolean sameRest = switch (a) {
            case Correction.Rotation rotation -> rotation.equals(b);
            case Correction.DualScale dual ->
                b instanceof Correction.DualScale other && dual.input().equals(other.input());
            case Correction.LowRank lowRank ->
                b instanceof Correction.LowRank other && lowRank.onQuantizedInput() == other.onQuantizedInput();
            case Correction.ChannelScale scale -> b instanceof Correction.ChannelScale;
            case Correction.ChannelShift shift -> b instanceof Correction.ChannelShift;
        };
        List<Tensor> ofA = a.tensors();
        List<Tensor> ofB = b.tensors();
        for (int i = 0; sameRest && i < ofA.size(); i++) {
            sameRest = same(ofA.get(i), ofB.get(i));
        }
        return sameRest;
    }

    private static boolean same(Tensor a, Tensor b) {
        return DTypes.of(a) == DTypes.of(b) && Devices.toCurrent(a).equal(Devices.toCurrent(b));
    }
}
