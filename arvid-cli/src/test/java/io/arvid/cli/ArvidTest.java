package io.arvid.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.tensor.Torch;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

class ArvidTest {
    private static final String GOLDEN =
            Path.of("..", "testdata", "golden").toAbsolutePath().normalize().toString();

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return run(Arvid.commandLine(), arguments);
    }

    private int run(Object verb, String... arguments) {
        return run(Arvid.commandLine().addSubcommand(verb), arguments);
    }

    private int run(CommandLine command, String... arguments) {
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        return command.execute(arguments);
    }

    @BeforeAll
    static void useOneThread() {
        Torch.setThreads(1);
    }

    @Test
    void verifyPrintsOneLineACase() {
        assertThat(run("verify", GOLDEN, "wan_dit_bidirectional")).isZero();
        assertThat(out.toString().lines())
                .singleElement()
                .satisfies(line ->
                        assertThat(line).startsWith("wan_dit_bidirectional").endsWith("pass"));
    }

    @Test
    void verifyFailsOnAKindThatItDoesNotKnow() throws IOException {
        Path odd = Files.createDirectory(folder.resolve("odd"));
        Files.writeString(odd.resolve("case.json"), "{\"case\": \"odd\"}");
        assertThat(run("verify", folder.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("odd").contains("unsupported");
    }

    @Test
    void optionsOfPublishedModelsAreRefusedWithoutOne() {
        assertThat(run("generate", "-p", "a large red circle", "--latents-only", "-o", folder.toString()))
                .isEqualTo(2);
        assertThat(run("generate", "-p", "a large red circle", "--frames", "9", "-o", folder.toString()))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains("--latents-only is for")
                .contains("--frames is for")
                .contains("--preset");
    }

    @Test
    void whatIsMissingIsNamedWithExitCodeThree() {
        assertThat(run("verify", folder.resolve("nowhere").toString())).isEqualTo(3);
        assertThat(err.toString()).contains("nowhere: no such file or folder").hasLineCount(1);
        assertThat(run("verify", folder.toString())).isEqualTo(3);
        assertThat(run("verify", GOLDEN, "no_such_case")).isEqualTo(3);
        assertThat(run("report", folder.toString())).isEqualTo(3);
    }

    @Test
    void wrongUsageIsExplainedWithExitCodeTwo() {
        assertThat(run("verfy")).isEqualTo(2);
        assertThat(err.toString()).contains("verify");
        assertThat(run("report")).isEqualTo(2);
        assertThat(err.toString()).contains("Try 'arvid help report'");
    }

    @Test
    void doctorSaysTheSameAsJson() throws IOException {
        assertThat(run("doctor", "--json")).isZero();
        JsonNode findings = new JsonMapper().readTree(out.toString());
        assertThat(findings.path("libtorch").asText()).contains("2.");
        assertThat(findings.path("threads").asInt()).isPositive();
        assertThat(findings.path("kernels").asText()).contains("onednn").contains("chosen");
    }

    @Test
    void benchWritesItsTablesInThreeForms() {
        String[] command = {"bench", "--size", "tiny", "--runs", "1", "--threads", "1", "--what", "layers,block"};
        String[] inFolder = java.util.Arrays.copyOf(command, command.length + 2);
        inFolder[command.length] = "-o";
        inFolder[command.length + 1] = folder.toString();
        assertThat(run(inFolder)).isZero();
        assertThat(out.toString()).contains("eight layers of a block").contains("W8A8, kv int4");
        assertThat(folder.resolve("bench.md")).isNotEmptyFile();
        assertThat(folder.resolve("bench.csv")).isNotEmptyFile();
        assertThat(folder.resolve("bench.json")).isNotEmptyFile();
    }

    @Test
    void aKernelIsForPackedModelsOnly() {
        String bundled = Path.of("..", "models", "shapes").toString();
        String[] command = {
            "generate",
            "--model",
            bundled,
            "-p",
            "a large red circle moving left quickly on a navy background",
            "--kernel",
            "onednn",
            "-o",
            folder.toString()
        };
        assertThat(run(command)).isEqualTo(1);
        assertThat(err.toString()).contains("is not packed").hasLineCount(1);
    }

    @Test
    void anErrorIsOneLineAndTheTraceIsForThoseWhoAsk() throws IOException {
        Files.writeString(folder.resolve("run.json"), "{\"command\":\n");
        assertThat(run("report", folder.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("run.json: no record of a run").hasLineCount(1);
        assertThat(run("report", "-v", folder.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("at io.arvid");
    }

    @Command(name = "burst")
    private static final class Burst implements Callable<Integer> {
        @Option(names = "-v")
        private boolean verbose;

        @Override
        public Integer call() {
            throw new OutOfMemoryError("Java heap space");
        }
    }

    @Test
    void errorsOfTheMachineEndLikeOthers() {
        assertThat(run(new Burst(), "burst")).isEqualTo(1);
        assertThat(err.toString()).isEqualToIgnoringNewLines("arvid: out of memory: Java heap space");
        assertThat(run(new Burst(), "burst", "-v")).isEqualTo(1);
        assertThat(err.toString()).contains("at io.arvid");
        assertThat(Failure.describe(new UnsatisfiedLinkError("no jnitorch in java.library.path")))
                .isEqualTo("cannot be loaded: no jnitorch in java.library.path");
    }

    @Test
    void exitCodesFollowTheCause() {
        assertThat(Failure.exitCode(new UncheckedIOException(new NoSuchFileException("a"))))
                .isEqualTo(3);
        assertThat(Failure.exitCode(new IllegalStateException("broken"))).isEqualTo(1);
        assertThat(Failure.describe(new IllegalStateException("two\nlines"))).isEqualTo("two lines");
    }

    @Test
    void timesReadAsClocks() {
        assertThat(LineProgress.clock(4_200_000_000L)).isEqualTo("4.2 s");
        assertThat(LineProgress.clock(65_000_000_000L)).isEqualTo("1:05");
        assertThat(LineProgress.clock(3_725_000_000_000L)).isEqualTo("1:02:05");
    }
}
