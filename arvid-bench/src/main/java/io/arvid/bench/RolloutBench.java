package io.arvid.bench;

import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import io.arvid.weights.SafetensorsWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Times one roll-out on one thread: {@code RolloutBench FOLDER RUNS} writes weights, noise and latents to {@code FOLDER/bench.safetensors}, for a rival
 * to read, and prints a JSON line a run with its wall time and the processor time of its thread.
 */
public final class RolloutBench {
    private RolloutBench() {}

    /** Runs it. */
    public static void main(String[] args) {
        Path folder = Path.of(args[0]);
        int runs = Integer.parseInt(args[1]);
        Torch.setThreads(1);
        BenchRollout bench = new BenchRollout();
        TensorScope.runAndFree(() -> {
            Map<String, Tensor> tensors = new LinkedHashMap<>(bench.tensors());
            tensors.put("latents", bench.run());
            SafetensorsWriter.write(folder.resolve("bench.safetensors"), tensors, Map.of());
        });
        for (int run = 0; run < runs; run++) {
            int number = run;
            TensorScope.runAndFree(() -> time(bench, number));
        }
    }

    private static void time(BenchRollout bench, int run) {
        var threads = ManagementFactory.getThreadMXBean();
        long wall = System.nanoTime();
        long cpu = threads.getCurrentThreadCpuTime();
        bench.run();
        cpu = threads.getCurrentThreadCpuTime() - cpu;
        wall = System.nanoTime() - wall;
        System.out.printf(
                Locale.ROOT,
                "{\"side\": \"arvid\", \"run\": %d, \"wall_ms\": %.1f, \"cpu_ms\": %.1f}%n",
                run,
                wall / 1e6,
                cpu / 1e6);
    }
}
