package io.arvid.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.record.Progress;
import io.arvid.tensor.Tensors;
import java.io.PrintWriter;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options and the voice that all verbs share: results on standard output, progress on standard error. */
final class Output {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec verb;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    @Option(
            names = {"-v", "--verbose"},
            description = "Show where an error came from.")
    private boolean verbose;

    /** True where the result is to be printed as JSON only. */
    boolean json() {
        return json;
    }

    /** Prints a line of the result, unless the result is printed as JSON. */
    void line(String text) {
        if (!json) {
            out().println(text);
        }
    }

    /** Prints the whole result, where it is printed as JSON. */
    void result(Object result) {
        if (json) {
            try {
                out().println(JSON.writeValueAsString(result));
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("the result is no JSON: " + e.getOriginalMessage(), e);
            }
        }
    }

    /** Says something beside the result, on standard error. */
    void note(String text) {
        verb().getErr().println(text);
    }

    /** Says so where {@code latents} of {@code video} have overflowed, which a video file does not show. */
    void noteWhereNotFinite(String video, Tensor latents) {
        if (!Tensors.allFinite(latents)) {
            note("latents of " + video
                    + " have entries that are infinite or no numbers; the video is not to be trusted");
        }
    }

    /** Standard output, or what a test put in its place. */
    private PrintWriter out() {
        return verb().getOut();
    }

    private CommandLine verb() {
        return Objects.requireNonNull(verb, "picocli sets the verb").commandLine();
    }

    /** Where long work reports to. */
    Progress progress() {
        int columns = Terminal.columns();
        return columns > 0 ? new TerminalProgress(System.err, columns) : new LineProgress(System.err);
    }
}
