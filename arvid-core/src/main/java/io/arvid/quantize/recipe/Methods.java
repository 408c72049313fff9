package io.arvid.quantize.recipe;

import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.adaround.AdaRound;
import io.arvid.quantize.arvid.ArvidMethod;
import io.arvid.quantize.gptq.GptqMethod;
import io.arvid.quantize.minmax.MinMax;
import io.arvid.quantize.ptq4dit.Ptq4Dit;
import io.arvid.quantize.qarvd.QArvd;
import io.arvid.quantize.qat.QatMethod;
import io.arvid.quantize.qvd.Qvd;
import io.arvid.quantize.rotation.RotationMethod;
import io.arvid.quantize.smoothquant.SmoothQuant;
import io.arvid.quantize.svdquant.SvdQuant;
import io.arvid.quantize.viditq.ViDitQ;
import io.arvid.weights.NearestName;
import java.util.List;

/** The methods that arvid knows: one line each. */
public final class Methods {
    private static final List<QuantMethod<?>> ALL = List.of(
            new MinMax(),
            new AdaRound(),
            new SmoothQuant(),
            new Ptq4Dit(),
            new SvdQuant(),
            new GptqMethod(),
            new RotationMethod(),
            new ViDitQ(),
            new Qvd(),
            new QArvd(),
            new ArvidMethod(),
            QatMethod.lsq(),
            QatMethod.qDm(),
            QatMethod.efficientDm(),
            QatMethod.qvgen());

    private Methods() {}

    /** All methods, in the order of the reports. */
    public static List<QuantMethod<?>> all() {
        return ALL;
    }

    /** Ids of all methods. */
    public static List<String> ids() {
        return ALL.stream().map(QuantMethod::id).toList();
    }

    /** The method called {@code id}; {@code IllegalArgumentException} with the nearest known one for any other. */
    public static QuantMethod<?> byId(String id) {
        return ALL.stream()
                .filter(method -> method.id().equals(id))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("no method '" + id + "'" + NearestName.suggestion(id, ids())));
    }
}
