package io.arvid.cli;

import io.arvid.evaluate.suite.EvaluationResult;
import io.arvid.evaluate.suite.ResultComparison;
import io.arvid.record.Estimate;
import io.arvid.record.PairedDifference;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code arvid evaluate compare}: one result less another, video by video. */
@Command(
        name = "compare",
        description = "One result less another, video by video; warns where they were made in different ways.",
        mixinStandardHelpOptions = true)
final class EvaluateCompareCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "RESULT", description = "evaluation.json, or its folder.")
    private Path result = Path.of(".");

    @Parameters(index = "1", paramLabel = "RIVAL", description = "What it is compared with.")
    private Path rival = Path.of(".");

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        ResultComparison comparison = ResultComparison.of(
                EvaluationResult.read(MissingException.require(result)),
                EvaluationResult.read(MissingException.require(rival)));
        comparison.warnings().forEach(warning -> output.note("arvid: warning: " + warning));
        comparison.differences().forEach(difference -> output.line(line(difference)));
        output.result(comparison);
        return 0;
    }

    private static String line(PairedDifference difference) {
        Estimate found = difference.difference();
        boolean exact = found.low() == found.high();
        String interval = exact ? "" : "  [%.6g, %.6g]".formatted(found.low(), found.high());
        String mean = "%-28s %+12.6g".formatted(difference.metric(), found.mean());
        return mean + interval + "  " + difference.prompts() + " prompts";
    }
}
