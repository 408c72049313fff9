package io.arvid.run.bench;

import com.sun.management.OperatingSystemMXBean;
import io.arvid.record.Progress;
import io.arvid.tensor.TensorScope;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Times several things against one another: after a warm-up of each, every round runs each once, so that what else happens on the machine hits all.
 *
 * @param warmUps runs of each that are not timed
 * @param rounds runs of each that are
 */
record ByTurns(int warmUps, int rounds) {
    private static final OperatingSystemMXBean SYSTEM =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    /**
     * Times of runs, in milliseconds: the middle wall time, the fastest, the slowest, and the middle processor time of all threads, which a busy machine
     * stretches less.
     */
    record Millis(double median, double fastest, double slowest, double processor) {
        private static Millis of(double[] times, double[] processor) {
            Arrays.sort(times);
            Arrays.sort(processor);
            return new Millis(middle(times), times[0], times[times.length - 1], middle(processor));
        }

        private static double middle(double[] sorted) {
            int middle = sorted.length / 2;
            return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        }
    }

    /** Times each of {@code contestants}; tensors that a run makes are freed after it, outside the clock. */
    Map<String, Millis> time(Map<String, Runnable> contestants, Progress.Stage stage) {
        List<String> names = new ArrayList<>(contestants.keySet());
        double[][] times = new double[names.size()][rounds];
        double[][] processor = new double[names.size()][rounds];
        for (int round = -warmUps; round < rounds; round++) {
            for (int i = 0; i < names.size(); i++) {
                try (TensorScope scope = TensorScope.open()) {
                    long processorBegin = SYSTEM.getProcessCpuTime();
                    long begin = System.nanoTime();
                    contestants.get(names.get(i)).run();
                    if (round >= 0) {
                        times[i][round] = (System.nanoTime() - begin) / 1e6;
                        processor[i][round] = (SYSTEM.getProcessCpuTime() - processorBegin) / 1e6;
                    }
                }
                stage.step();
            }
        }
        Map<String, Millis> result = new LinkedHashMap<>();
        for (int i = 0; i < times.length; i++) {
            result.put(names.get(i), Millis.of(times[i], processor[i]));
        }
        return result;
    }

    /** Runs that {@code contestants} take together. */
    long runs(int contestants) {
        return (long) contestants * (warmUps + rounds);
    }
}
