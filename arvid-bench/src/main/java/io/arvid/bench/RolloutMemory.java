package io.arvid.bench;

import io.arvid.record.PeakMemory;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.util.Locale;

/** Makes 200 roll-outs, or as many as its argument says, in one process and prints resident memory, in MiB, after every tenth. */
public final class RolloutMemory {
    private static final double MIB = 1 << 20;

    private RolloutMemory() {}

    /** Runs it. */
    public static void main(String[] args) {
        int rollouts = args.length == 0 ? 200 : Integer.parseInt(args[0]);
        Torch.setThreads(1);
        BenchRollout bench = new BenchRollout();
        for (int done = 1; done <= rollouts; done++) {
            TensorScope.runAndFree(bench::run);
            if (done == 1 || done % 10 == 0) {
                System.out.printf(
                        Locale.ROOT,
                        "{\"rollouts\": %d, \"resident_mib\": %.1f, \"peak_mib\": %.1f}%n",
                        done,
                        PeakMemory.residentBytes() / MIB,
                        PeakMemory.bytes() / MIB);
            }
        }
    }
}
