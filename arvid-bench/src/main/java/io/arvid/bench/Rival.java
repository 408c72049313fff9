package io.arvid.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The same work in PyTorch, in a process of its own that waits while ours works: one JSON line when it is ready and one a command, with {@code seconds} and
 * {@code cpu}.
 */
record Rival(Process process, PrintWriter to, BufferedReader from) implements AutoCloseable {
    /** Seconds of a run: on the wall, and of processors. */
    record Time(double wall, double processor) {
        static double median(List<Time> times, ToDoubleFunction<Time> what) {
            double[] sorted = times.stream().mapToDouble(what).sorted().toArray();
            int n = sorted.length;
            return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
        }
    }

    /** Starts {@code python script arguments} and waits until it is ready. */
    static Rival start(String python, String script, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(python, script));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Rival rival = new Rival(process, new PrintWriter(process.outputWriter(), true), process.inputReader());
        System.out.println(rival.answer());
        return rival;
    }

    private String answer() throws IOException {
        String line = from.readLine();
        if (line == null) {
            throw new IOException("the reference ended early");
        }
        return line;
    }

    /** What it answers to {@code command}. */
    JsonNode tell(String command) throws IOException {
        to.println(command);
        return new JsonMapper().readTree(answer());
    }

    Time time(String command) throws IOException {
        JsonNode answer = tell(command);
        return new Time(answer.path("seconds").asDouble(), answer.path("cpu").asDouble());
    }

    @Override
    public void close() {
        to.close();
        process.destroy();
    }
}
