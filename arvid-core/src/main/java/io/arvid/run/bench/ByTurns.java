package io.arvid.run.bench;

import io.arvid.record.Progress;
import io.arvid.tensor.TensorScope;
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
    /** Wall time of runs, in milliseconds: the middle one, the fastest, the slowest. */
    record Millis(double median, double fastest, double slowest) {
        private static Millis of(double[] times) {
            Arrays.sort(times);
            int middle = times.length / 2;
            double median = times.length % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
            return new Millis(median, times[0], times[times.length - 1]);
        }
    }

    /** Times each of {@code contestants}; tensors that a run makes are freed after it, outside the clock. */
    Map<String, Millis> time(Map<String, Runnable> contestants, Progress.Stage stage) {
        List<String> names = new ArrayList<>(contestants.keySet());
        double[][] times = new double[names.size()][rounds];
        for (int round = -warmUps; round < rounds; round++) {
            for (int i = 0; i < names.size(); i++) {
                try (TensorScope scope = TensorScope.open()) {
                    long begin = System.nanoTime();
                    contestants.get(names.get(i)).run();
                    if (round >= 0) {
                        times[i][round] = (System.nanoTime() - begin) / 1e6;
                    }
                }
                stage.step();
            }
        }
        Map<String, Millis> result = new LinkedHashMap<>();
        for (int i = 0; i < times.length; i++) {
            result.put(names.get(i), Millis.of(times[i]));
        }
        return result;
    }

    /** Runs that {@code contestants} take together. */
    long runs(int contestants) {
        return (long) contestants * (warmUps + rounds);
    }
}
