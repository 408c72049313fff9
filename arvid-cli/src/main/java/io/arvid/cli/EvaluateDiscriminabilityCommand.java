package io.arvid.cli;

import io.arvid.evaluate.suite.EvaluationResult;
import io.arvid.evaluate.suite.ResultDiscriminability;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code arvid evaluate discriminability}: how well each metric tells models apart. */
@Command(
        name = "discriminability",
        description = "How well each metric tells the models of several results apart (DS = CV · BOA).",
        mixinStandardHelpOptions = true)
final class EvaluateDiscriminabilityCommand implements Callable<Integer> {
    @Parameters(
            arity = "1..*",
            paramLabel = "RESULT",
            description = "evaluation.json files or their folders, each with --method and --setting.")
    private List<Path> results = List.of();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        ResultDiscriminability found = ResultDiscriminability.of(results.stream()
                .map(MissingException::require)
                .map(EvaluationResult::read)
                .toList());
        found.notes().forEach(note -> output.note("arvid: " + note));
        found.scores().forEach((metric, score) -> output.line("%-28s %s".formatted(metric, score)));
        output.result(found);
        return 0;
    }
}
