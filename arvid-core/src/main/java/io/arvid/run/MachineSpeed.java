package io.arvid.run;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/**
 * What this machine does now, in operations a second, by short probes of the shapes that full-size work is made of.
 *
 * @param linear linear layers at 1560 tokens
 * @param attention attention of 1560 tokens to 1560
 * @param dense float64 matrix products
 */
public record MachineSpeed(double linear, double attention, double dense) {
    private static final int WIDTH = 1536;
    private static final int TOKENS = 1560;
    private static final int HEADS = 12;
    private static final int DENSE = 1024;
    private static final int LEAST_RUNS = 3;
    private static final long LEAST_NANOS = 700_000_000;

    /** Measures for about two seconds, layers and attention in {@code type}. */
    public static MachineSpeed probe(DTypes type) {
        return Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open();
                    Seeds seeds = new Seeds(1)) {
                Tensor x = Ops.to(seeds.normal(TOKENS, WIDTH), type);
                Tensor w = Ops.to(seeds.normal(WIDTH, WIDTH), type);
                Tensor q = Ops.to(seeds.normal(1, HEADS, TOKENS, WIDTH / HEADS), type);
                Tensor d = Ops.toF64(seeds.normal(DENSE, DENSE));
                return new MachineSpeed(
                        2.0 * TOKENS * WIDTH * WIDTH / seconds(() -> Ops.linear(x, w, null)),
                        4.0 * TOKENS * TOKENS * WIDTH / seconds(() -> Ops.attention(q, q, q, null)),
                        2.0 * DENSE * DENSE * DENSE / seconds(() -> d.mm(d)));
            }
        });
    }

    /** The fastest of the runs after the first: two at least, and as many as it takes to compile what is ours in Java. */
    private static double seconds(Supplier<Tensor> work) {
        double best = Double.MAX_VALUE;
        long start = System.nanoTime();
        for (int run = 0; run < LEAST_RUNS || System.nanoTime() - start < LEAST_NANOS; run++) {
            long began = System.nanoTime();
            TensorScope.runAndFree(work::get);
            best = run == 0 ? best : Math.min(best, (System.nanoTime() - began) / 1e9);
        }
        return best;
    }
}
