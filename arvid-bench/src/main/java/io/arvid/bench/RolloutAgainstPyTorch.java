package io.arvid.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import io.arvid.weights.SafetensorsWriter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Times one roll-out on one thread, in turn with {@code docs/perf/rollout_reference.py} in PyTorch, on the same weights and noise:
 *
 * <pre>RolloutAgainstPyTorch FOLDER RUNS PYTHON SCRIPT</pre>
 *
 * FOLDER gets {@code bench.safetensors}: weights, noise and latents. Prints a JSON line a run with the wall time and the processor time of both (arvid: of
 * the thread that computes; PyTorch: of the process), and at the end the medians and fastest of all runs but the first fifth, in which compilers are at work.
 */
public final class RolloutAgainstPyTorch {
    private RolloutAgainstPyTorch() {}

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        int runs = Integer.parseInt(args[1]);
        Torch.setThreads(1);
        BenchRollout bench = new BenchRollout();
        TensorScope.runAndFree(() -> {
            Map<String, Tensor> tensors = new LinkedHashMap<>(bench.tensors());
            tensors.put("latents", bench.run());
            SafetensorsWriter.write(folder.resolve("bench.safetensors"), tensors, Map.of());
        });
        List<Rival.Time> own = new ArrayList<>();
        List<Rival.Time> other = new ArrayList<>();
        double apart = 0;
        try (Rival rival = Rival.start(args[2], args[3], folder.toString())) {
            for (int run = 0; run < runs; run++) {
                JsonNode theirs = rival.tell("run");
                apart = Math.max(apart, theirs.path("max_difference").asDouble());
                Rival.Time ours = time(bench);
                Rival.Time their = new Rival.Time(
                        theirs.path("seconds").asDouble(), theirs.path("cpu").asDouble());
                print(run, ours, their);
                if (run >= runs / 5) {
                    own.add(ours);
                    other.add(their);
                }
            }
        }
        summarize(own, other, apart);
    }

    private static Rival.Time time(BenchRollout bench) {
        var threads = ManagementFactory.getThreadMXBean();
        long wall = System.nanoTime();
        long processor = threads.getCurrentThreadCpuTime();
        TensorScope.runAndFree(bench::run);
        return new Rival.Time((System.nanoTime() - wall) / 1e9, (threads.getCurrentThreadCpuTime() - processor) / 1e9);
    }

    private static void print(int run, Rival.Time ours, Rival.Time theirs) {
        System.out.printf(
                Locale.ROOT,
                "{\"run\": %d, \"arvid_s\": %.4f, \"pytorch_s\": %.4f, \"arvid_cpu_s\": %.4f, \"pytorch_cpu_s\": %.4f}%n",
                run,
                ours.wall(),
                theirs.wall(),
                ours.processor(),
                theirs.processor());
    }

    private static void summarize(List<Rival.Time> own, List<Rival.Time> other, double apart) {
        double ours = Rival.Time.median(own, Rival.Time::processor);
        double theirs = Rival.Time.median(other, Rival.Time::processor);
        double fastest = own.stream().mapToDouble(Rival.Time::processor).min().orElseThrow();
        double theirFastest =
                other.stream().mapToDouble(Rival.Time::processor).min().orElseThrow();
        System.out.printf(
                Locale.ROOT,
                "{\"runs\": %d, \"arvid_cpu_s\": %.4f, \"pytorch_cpu_s\": %.4f, \"ratio\": %.2f, \"wall_ratio\": %.2f, "
                        + "\"ratio_of_fastest\": %.2f, \"max_difference\": %.2e}%n",
                own.size(),
                ours,
                theirs,
                theirs / ours,
                Rival.Time.median(other, Rival.Time::wall) / Rival.Time.median(own, Rival.Time::wall),
                theirFastest / fastest,
                apart);
    }
}
