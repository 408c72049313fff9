package io.arvid.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.tensor.onednn.LimitedProcess;
import io.arvid.tensor.onednn.Onednn;
import java.io.IOException;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** Layers and attention in bfloat16 on a processor without products of it. */
class WideBf16Test {
    private static final int WIDTH = 96;
    /** One rounding to bfloat16 at the end, and sums in float32. */
    private static final double TOLERANCE = 0x1.02p-8;

    @Test
    void roundsOnceAtTheEnd() throws IOException, InterruptedException {
        assertThat(LimitedProcess.run(WideBf16Test.class, "AVX2")).isEqualTo("float32 true true true");
    }

    /** Prints how bfloat16 is computed here, and whether outputs are as near as they can be. */
    public static void main(String[] arguments) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Tensor x = Ops.to(seeds.normal(70, WIDTH), DTypes.BF16);
            Tensor w = Ops.to(seeds.normal(WIDTH, WIDTH), DTypes.BF16);
            Tensor b = Ops.to(seeds.normal(WIDTH), DTypes.BF16);
            Tensor q = x.reshape(1, 70, 3, 32).transpose(1, 2);
            Tensor scores = Ops.div(Ops.toF64(q).matmul(Ops.toF64(q).transpose(2, 3)), Math.sqrt(32));
            Tensor attended = Ops.softmax(scores, -1).matmul(Ops.toF64(q));
            Tensor plain = Ops.toF64(x).matmul(Ops.toF64(w).t());
            boolean layer = isNear(Ops.linear(x, w, b), plain.add(Ops.toF64(b)));
            boolean layerWithoutBias = isNear(Ops.linear(x, w, null), plain);
            boolean attention = isNear(Ops.attention(q, q, q, null), attended);
            String type = Onednn.isFast(DTypes.BF16) ? "bfloat16" : "float32";
            System.out.println(type + " " + layer + " " + layerWithoutBias + " " + attention);
        }
    }

    private static boolean isNear(Tensor actual, Tensor exact) {
        Tensor bound = Ops.add(Ops.mul(exact.abs(), TOLERANCE), 1e-4);
        return DTypes.of(actual) == DTypes.BF16
                && Tensors.item(Ops.toF64(actual).sub(exact).abs().sub(bound).max()) <= 0;
    }
}
