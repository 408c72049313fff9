package io.arvid.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.record.Progress;
import io.arvid.record.RunRecord;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.SafetensorsWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
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
    void optionsThatWouldBeIgnoredAreRefused() throws IOException {
        for (String option :
                List.of("--kv-bits=4", "--kv-group=64", "--kv-sink=1", "--kv-recent=1", "--kv-along=tokens")) {
            assertThat(run("generate", "-p", "x", option, "-o", folder.toString()))
                    .as(option)
                    .isEqualTo(2);
            assertThat(err.toString()).contains(option.split("=")[0] + " needs --kv MODE");
        }
        assertThat(run("generate", "-p", "x", "--kv-correct", "-o", folder.toString()))
                .isEqualTo(2);
        assertThat(run("generate", "-p", "x", "--kv", "none", "--kv-bits", "4", "-o", folder.toString()))
                .isEqualTo(2);
        for (String option :
                List.of("--kv-group=32", "--kv-sink=2", "--kv-recent=1", "--kv-along=tokens", "--kv-correct")) {
            assertThat(run("generate", "-p", "x", "--kv", "none", option, "-o", folder.toString()))
                    .as(option)
                    .isEqualTo(2);
            assertThat(err.toString()).contains(option.split("=")[0] + " is for codes");
        }
        for (String option : List.of("--kv-group=16", "--kv-along=channels", "--kv-bits=4")) {
            assertThat(run("generate", "-p", "x", "--kv", "qvg", option, "-o", folder.toString()))
                    .as(option)
                    .isEqualTo(2);
            assertThat(err.toString()).contains(option.split("=")[0] + " is for int8, int4 and int2");
        }

        Path prompts = Files.writeString(folder.resolve("prompts.txt"), "a cat\n");
        assertThat(quantize("--prompts", prompts.toString(), "--count", "3")).isEqualTo(2);
        assertThat(err.toString()).contains("--count is for prompts of the bundled world");
        assertThat(quantize("--state", folder.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("--state is for published models");
        assertThat(quantize("--preset", "self-forcing")).isEqualTo(2);
        assertThat(err.toString()).contains("--preset needs --prompts FILE");
    }

    private int quantize(String... more) {
        List<String> arguments = new ArrayList<>(List.of("quantize", "--recipe"));
        arguments.add(Path.of("..", "recipes", "minmax-w4a8.json").toString());
        arguments.addAll(List.of("-o", folder.resolve("packed").toString()));
        arguments.addAll(List.of(more));
        return run(arguments.toArray(String[]::new));
    }

    @Test
    void whatCannotBeUsedIsRefusedBeforeTheWork() {
        String videos = folder.toString();
        assertThat(run("generate")).isEqualTo(2);
        assertThat(err.toString()).contains("nothing to generate");
        assertThat(run("generate", "-p", "x", "--device", "tpu")).isEqualTo(2);
        assertThat(run("bench", "--runs", "0")).isEqualTo(2);
        assertThat(run("bench", "--size", "tiny", "--blocks", "3")).isEqualTo(2);
        assertThat(run("bench", "--what", "layers", "--blocks", "3")).isEqualTo(2);
        assertThat(run("bench", "--what", "layers,memory", "--model", videos)).isEqualTo(2);
        assertThat(run("bench", "--what", "step", "--prompt", "x")).isEqualTo(2);
        assertThat(err.toString())
                .contains("--blocks is for --size full", "--blocks is for --what step")
                .contains("--model is for --what rollout", "--prompt is for --what rollout");
        String model = Path.of("..", "models", "shapes").toString();
        String recipes = Path.of("..", "recipes").toString();
        assertThat(run("compare", "--model", model, "--recipes", recipes, "--jobs", "0", "-o", videos))
                .isEqualTo(2);
        assertThat(run("demo", "--prompts", "0")).isEqualTo(2);
        assertThat(run("evaluate", "--videos", videos, "--metrics", "lpps")).isEqualTo(2);
        assertThat(err.toString()).contains("lpips");
        assertThat(run("evaluate", "--videos", videos, "--confidence", "95")).isEqualTo(2);
        assertThat(run("evaluate", "--videos", videos, "--resamples", "1")).isEqualTo(2);
        assertThat(run("evaluate", "--videos", videos, "--weights", "fdv=a.pt")).isEqualTo(2);
        assertThat(err.toString()).contains("the nearest is 'fvd'");
    }

    @Test
    void aPlaceThatIsTakenIsRefusedBeforeTheTraining() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{}");
        String recipe = Path.of("..", "recipes", "qvgen-w4a4.json").toString();
        assertThat(run("train", "qat", "--recipe", recipe, "--model", "nowhere", "-o", folder.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("exists already").hasLineCount(1);
    }

    @Test
    void anEvaluationNotesItsCommand() {
        for (String name : List.of("videos", "full")) {
            try (TensorScope scope = TensorScope.open()) {
                SafetensorsWriter.write(
                        folder.resolve(name).resolve("a.safetensors"),
                        Map.of("latents", Tensors.full(DTypes.F32, name.length(), 6, 2, 2, 2)),
                        Map.of());
            }
        }
        String[] command = {
            "evaluate",
            "--videos",
            folder.resolve("videos").toString(),
            "--reference",
            folder.resolve("full").toString(),
            "--metrics",
            "latent-mse",
            "-o",
            folder.resolve("result").toString()
        };
        assertThat(run(command)).as(err.toString()).isZero();
        assertThat(RunRecord.read(folder.resolve("result")).command()).isEqualTo("arvid " + String.join(" ", command));
    }

    @Test
    void whatIsMissingIsNamedWithExitCodeThree() throws IOException {
        assertThat(run("verify", folder.resolve("nowhere").toString())).isEqualTo(3);
        assertThat(err.toString()).contains("nowhere: no such file or folder").hasLineCount(1);
        assertThat(run("verify", folder.toString())).isEqualTo(3);
        assertThat(run("verify", GOLDEN, "no_such_case")).isEqualTo(3);
        assertThat(run("report", folder.toString())).isEqualTo(3);
        assertThat(run("generate", "-p", "x", "--model", folder.toString())).isEqualTo(3);
        assertThat(err.toString()).contains("not the folder of a model; a published model is named with --preset");
        assertThat(run("evaluate", "--videos", folder.toString(), "--weights", "fvd=gone.pt"))
                .isEqualTo(3);
        assertThat(run("evaluate", "--videos", folder.toString(), "--weights", "gone"))
                .isEqualTo(3);
        Files.writeString(folder.resolve("config.json"), "{\"dim\": 1536}");
        assertThat(run("generate", "-p", "x", "--model", folder.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("lacks autoencoder, latents, ", "video; a published model is named with");
    }

    @Test
    void wrongUsageIsExplainedWithExitCodeTwo() {
        assertThat(run("verfy")).isEqualTo(2);
        assertThat(err.toString()).contains("verify");
        assertThat(run("report")).isEqualTo(2);
        assertThat(err.toString()).contains("Try 'arvid help report'");
        assertThat(run("train", "qat")).isEqualTo(2);
        assertThat(err.toString()).contains("Try 'arvid train qat --help'");
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
    void benchWritesItsTablesInThreeForms() throws IOException {
        String[] command = {"bench", "--size", "tiny", "--runs", "1", "--threads", "1", "--what", "layers,block,step"};
        String[] inFolder = java.util.Arrays.copyOf(command, command.length + 2);
        inFolder[command.length] = "-o";
        inFolder[command.length + 1] = folder.toString();
        assertThat(run(inFolder)).isZero();
        String table = Files.readString(folder.resolve("bench.md"));
        assertThat(out.toString()).contains(table);
        assertThat(table)
                .contains("eight layers of a block", "| block | arithmetic |", "W8A8, kv int4")
                .contains("| chunk step | arithmetic |", "| 1 of 1 blocks, KV 96 | W4A8 |");
        JsonNode rows =
                new JsonMapper().readTree(folder.resolve("bench.json").toFile()).path("rows");
        assertThat(rows).extracting(row -> row.path("group").asText()).contains("layer", "block", "chunk step");
        assertThat(Files.readAllLines(folder.resolve("bench.csv"))).hasSize(1 + rows.size());
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
    void aModelWithoutACacheHasNoneToQuantize() {
        String[] command = {
            "generate",
            "--model",
            Path.of("..", "models", "shapes-bidirectional").toString(),
            "-p",
            "a large red circle moving left quickly on a navy background",
            "--kv",
            "int4",
            "-o",
            folder.toString()
        };
        assertThat(run(command)).isEqualTo(1);
        assertThat(err.toString()).contains("keeps no keys and values").hasLineCount(1);
    }

    @Test
    void aPlaceOfAnotherKindIsRefusedBeforeTheWork() throws IOException {
        Path file = Files.writeString(folder.resolve("videos"), "");
        assertThat(run("generate", "-p", "x", "-o", file.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("videos is a file");
        assertThat(run("sensitivity", "--recipe=x", "-o", folder.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("is a folder");
    }

    @Test
    void aPlaceThatCannotBeWrittenToIsRefusedBeforeTheWork() throws IOException {
        String inTheWay = Files.writeString(folder.resolve("file"), "").toString();
        assertThat(run("generate", "-p", "x", "--model", "nowhere", "-o", inTheWay + "/videos"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("cannot write to " + inTheWay).hasLineCount(1);
        String recipe = Path.of("..", "recipes", "minmax-w4a8.json").toString();
        assertThat(run("quantize", "--recipe", recipe, "--model", "nowhere", "-o", inTheWay + "/packed"))
                .isEqualTo(1);
        assertThat(run("bench", "--size", "tiny", "--runs", "1", "--what", "layers", "-o", inTheWay + "/bench"))
                .isEqualTo(1);
        assertThat(err.toString().lines()).hasSize(3).allMatch(line -> line.contains("cannot write to " + inTheWay));
    }

    @Test
    void aVideoThatWillBeReplacedIsNamedBeforeTheWork() throws IOException {
        new GenerateCommand.Made("a cat", 3, "0000.mp4", "hash", "best kernel").write(folder, "0000");
        String[] command = {"generate", "-p", "a dog", "--model", "nowhere", "-o", folder.toString()};
        assertThat(run(command)).isEqualTo(3);
        assertThat(err.toString())
                .contains(folder.resolve("0000.mp4") + " of \"a cat\", seed 3, is replaced")
                .hasLineCount(2);
        err.getBuffer().setLength(0);
        assertThat(run("generate", "-p", "a cat", "--seed", "3", "--model", "nowhere", "-o", folder.toString()))
                .isEqualTo(3);
        assertThat(err.toString()).as("the same video").hasLineCount(1);
    }

    @Test
    void promptsThatAreNoTextAreNamed() throws IOException {
        Path file = Files.write(folder.resolve("prompts.txt"), new byte[] {'a', (byte) 0xe9, '\n'});
        assertThat(run("generate", "--prompts", file.toString(), "-o", folder.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("is no text in UTF-8").hasLineCount(1);
    }

    @Test
    void aWordThatTheModelDoesNotKnowIsNamedBeforeAnyRollout() throws IOException {
        List<String> prompts =
                new ArrayList<>(Collections.nCopies(11, "a small red circle moving left on a gray background"));
        prompts.add("a small red dragon");
        Path result = folder.resolve("sensitivity.json");
        String[] command = {
            "sensitivity",
            "--model",
            Path.of("..", "models", "shapes").toString(),
            "--recipe",
            Path.of("..", "recipes", "shapes", "q-arvd-w4a8.json").toString(),
            "--prompts",
            Files.write(folder.resolve("prompts.txt"), prompts).toString(),
            "-o",
            result.toString()
        };
        assertThat(run(command)).isEqualTo(1);
        assertThat(err.toString()).contains("'dragon'").hasLineCount(1);
        assertThat(result.resolveSibling("sensitivity.json.log")).doesNotExist();
    }

    @Test
    void aByteOrderMarkIsNoPartOfThePrompt() throws IOException {
        Path file = Files.writeString(folder.resolve("prompts.txt"), "\ufeffa cat\r\n\n a dog \n");
        assertThat(Home.lines(file)).containsExactly("a cat", "a dog");
    }

    @Test
    void aFileWithoutPromptsIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("empty.txt"), "\n \n");
        assertThat(run("generate", "--prompts", file.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("empty.txt: has no prompt").hasLineCount(1);
    }

    @Test
    void aNotedCommandIsReadAgainByAShell() {
        CommandLine arvid = Arvid.commandLine();
        arvid.parseArgs("generate", "-p", "it's a cat", "-o", "runs/a", "--seed=3");
        assertThat(Usage.text(arvid.getSubcommands().get("generate").getCommandSpec()))
                .isEqualTo("arvid generate -p 'it'\\''s a cat' -o runs/a --seed=3");
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
        IOException denied = new AccessDeniedException("a");
        assertThat(Failure.describe(new UncheckedIOException("could not write a/b: " + denied.getMessage(), denied)))
                .isEqualTo("could not write a/b: a (permission denied)");
        IOException gone = new NoSuchFileException("a");
        assertThat(Failure.describe(new UncheckedIOException("a: no such file, though it is named", gone)))
                .isEqualTo("a: no such file, though it is named");
    }

    @Test
    void whatOnlyWrapsAFailureIsNotSaid() {
        assertThat(Failure.describe(new UncheckedIOException(new NoSuchFileException("a.mp4"))))
                .isEqualTo("a.mp4: no such file");
        assertThat(Failure.describe(new CompletionException(new IllegalStateException("the disk\nis full"))))
                .isEqualTo("the disk is full");
        assertThat(Failure.describe(new IllegalStateException("the reason", new IOException("a detail"))))
                .isEqualTo("the reason");
    }

    @Test
    void whatAnEarlierRunDidSaysNothingOfTheTimeLeft() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AtomicLong now = new AtomicLong();
        LineProgress progress = new LineProgress(new PrintStream(out, true), now::get);
        try (Progress.Stage stage = progress.begin("passes", 1000)) {
            stage.resume(990);
            now.set(3_000_000_000L);
            stage.step();
        }
        assertThat(out.toString()).isEqualTo("passes: 991 of 1000, about 0:27 left\npasses: 3.0 s\n");
    }

    @Test
    void timesReadAsClocks() {
        assertThat(LineProgress.clock(4_200_000_000L)).isEqualTo("4.2 s");
        assertThat(LineProgress.clock(65_000_000_000L)).isEqualTo("1:05");
        assertThat(LineProgress.clock(3_725_000_000_000L)).isEqualTo("1:02:05");
    }
}
