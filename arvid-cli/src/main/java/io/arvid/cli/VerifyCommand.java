package io.arvid.cli;

import io.arvid.verify.GoldenCases;
import io.arvid.verify.GoldenCases.Outcome;
import io.arvid.verify.GoldenCases.Result;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code arvid verify}: compares arvid with reference numbers, one line a case. */
@Command(
        name = "verify",
        description = "Compares arvid with the reference numbers in DIR; exit code 1 on anything but pass.",
        mixinStandardHelpOptions = true)
final class VerifyCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "DIR", description = "Folder of cases, or one case.")
    private Path folder = Path.of(".");

    @Parameters(index = "1..*", paramLabel = "CASE", description = "Names of cases below DIR; all where none is named.")
    private List<String> names = List.of();

    @Mixin
    private DeviceOption device = new DeviceOption();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        device.use(spec);
        List<Result> results = new ArrayList<>();
        for (Path one : cases()) {
            Result result = GoldenCases.run(one);
            output.line(result.line());
            results.add(result);
        }
        output.result(results);
        return results.stream().allMatch(result -> result.outcome() == Outcome.PASS) ? 0 : Failure.FAILED;
    }

    private List<Path> cases() {
        MissingException.require(folder);
        Path root = folder.toAbsolutePath().normalize();
        List<Path> found = GoldenCases.find(root);
        if (names.isEmpty()) {
            if (found.isEmpty()) {
                throw new MissingException(folder + ": no case.json in it or in a folder below it");
            }
            return found;
        }
        return names.stream().flatMap(name -> named(found, name)).toList();
    }

    private Stream<Path> named(List<Path> found, String name) {
        List<Path> matching = found.stream().filter(path -> path.endsWith(name)).toList();
        if (matching.isEmpty()) {
            throw new MissingException(folder + ": no case '" + name + "'; there are "
                    + String.join(
                            ", ",
                            found.stream()
                                    .map(path -> path.getFileName().toString())
                                    .toList()));
        }
        return matching.stream();
    }
}
