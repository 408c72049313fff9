package io.arvid.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where calibration of a published model goes on after an interruption. */
final class StateOption {
    static final String NAME = "--state";

    @Option(
            names = NAME,
            paramLabel = "FOLDER",
            description = "Where an interrupted run goes on, with --preset (default: the output's path with '.state').")
    private @Nullable Path folder;

    /** The folder for a run whose result goes to {@code output}. */
    Path of(Path output) {
        return folder == null ? output.resolveSibling(output.getFileName() + ".state") : folder;
    }
}
