package io.arvid.cli;

import io.arvid.record.RunRecord;
import io.arvid.report.HtmlReport;
import io.arvid.report.RunFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code arvid report}: draws what runs found as one HTML file. */
@Command(
        name = "report",
        description = "Draws what runs found as one HTML file that needs no other.",
        mixinStandardHelpOptions = true)
final class ReportCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "RUN", description = "Folders of runs, each with its run.json.")
    private List<Path> folders = List.of();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Where the report goes; report.html in the first RUN where it is not given.")
    private @Nullable Path file;

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        List<RunFolder> runs = folders.stream()
                .peek(folder -> MissingException.require(folder.resolve(RunRecord.FILE_NAME)))
                .map(RunFolder::open)
                .toList();
        Path target = file == null ? folders.getFirst().resolve("report.html") : file;
        HtmlReport.write(target, runs);
        output.line(target.toString());
        output.result(runs.stream().map(RunFolder::record).toList());
        return 0;
    }
}
