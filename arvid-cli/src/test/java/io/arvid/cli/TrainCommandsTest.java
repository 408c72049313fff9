package io.arvid.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.compare.QatCandidate;
import io.arvid.record.Progress;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What the commands that train a quantized model refuse before they begin. */
class TrainCommandsTest {
    @TempDir
    Path folder;

    private final StringWriter err = new StringWriter();

    @BeforeEach
    void setHome() {
        System.setProperty("arvid.home", "..");
    }

    @AfterEach
    void clearHome() {
        System.clearProperty("arvid.home");
    }

    private int train(String... arguments) {
        CommandLine command = Arvid.commandLine();
        command.setErr(new PrintWriter(err, true));
        String[] all = new String[arguments.length + 1];
        all[0] = "train";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return command.execute(all);
    }

    @Test
    void aModelThatIsThereAlreadyIsRefused() throws IOException {
        Files.createDirectories(folder.resolve("model"));
        Files.writeString(folder.resolve("model").resolve("config.json"), "{}");
        String recipe = Path.of("..", "recipes", "qvgen-w4a4.json").toString();
        assertThat(train("qat", "--recipe", recipe, "--states", folder.toString()))
                .isNotZero();
        assertThat(err.toString()).contains("exists already");
        assertThat(folder.resolve("log.jsonl")).doesNotExist();
    }

    @Test
    void namesThatCannotBeComparedAreRefused() {
        String run = folder.resolve("run").toString();
        assertThat(train("qat-compare", "-o", run, "--once", "qvgen-w9a9")).isEqualTo(3);
        assertThat(train("qat-compare", "-o", run, "--recipes", "minmax-w4a8")).isNotZero();
        assertThat(train("qat-compare", "-o", run, "--ptq", "nothing+token")).isEqualTo(3);
        String bidirectional = Path.of("..", "models", "shapes-bidirectional").toString();
        assertThat(train("qat-compare", "-o", run, "--model", bidirectional, "--once", "qvgen-self-forced-w4a4"))
                .isNotZero();
        assertThat(train("qat-compare", "-o", run, "--once", "qvgen-bidirectional-w4a4"))
                .isNotZero();
        assertThat(err.toString())
                .contains(
                        "qvgen-w9a9.json: no such file",
                        "does not train",
                        "nothing-w4a8.json",
                        "is self-forced",
                        "is bidirectional");
        assertThat(folder.resolve("run")).doesNotExist();
    }

    @Test
    void stepsThatCannotBeMadeAreRefused() {
        assertThat(train("shapes", "--distillation-steps=-1")).isEqualTo(2);
        assertThat(train("shapes-bidirectional", "--steps=0")).isEqualTo(2);
        assertThat(train("qat", "--recipe", "none", "--steps=-5")).isEqualTo(2);
        assertThat(train("qat-compare", "--steps=0")).isEqualTo(2);
        assertThat(train("qat-compare", "--seeds=0")).isEqualTo(2);
        assertThat(err.toString()).contains("--steps must be at least 1, not -5", "--seeds must be at least 1, not 0");
    }

    @Command(name = "anything")
    private static final class Anything {
        @Mixin
        private TrainingOptions options = new TrainingOptions();
    }

    @Test
    void aPhaseEndsBeforeTheNextBeginsAndKeepsItsChart() {
        Anything anything = new Anything();
        new CommandLine(anything).parseArgs("--states", folder.toString());
        List<String> told = new ArrayList<>();
        Progress progress = (name, steps) -> {
            told.add(name + " begins");
            return () -> told.add(name + " ends");
        };
        anything.options.train("anything", progress, listener -> {
            for (String phase : List.of("first", "second")) {
                listener.onStep(phase, 1, 2, 0.5, 0.5);
                listener.onStep(phase, 2, 2, 0.5, 0.5);
            }
        });
        assertThat(told).containsExactly("first begins", "first ends", "second begins", "second ends");
        anything.options.train("anything", progress, listener -> listener.onStep("third", 1, 1, 0.5, 0.5));
        assertThat(folder.resolve("training.html")).content().contains("first", "second", "third");
    }

    @Test
    void whatIsNamedTwiceIsComparedOnce() {
        TrainCompareCommand command = new TrainCompareCommand();
        new CommandLine(command)
                .parseArgs("--recipes", "lsq-w4a4,qvgen-w3a3", "--once", "qvgen-w3a3", "--seeds", "2", "--ptq", "gptq");
        assertThat(command.candidates(false))
                .extracting(QatCandidate::name)
                .containsExactly("gptq", "lsq-w4a4-seed0", "qvgen-w3a3-seed0", "lsq-w4a4-seed1", "qvgen-w3a3-seed1");
    }
}
