package io.arvid.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code arvid train}: everything that trains; each is a command of its own. */
@Command(
        name = "train",
        description = {"Trains models.", "Run again, everything goes on where it stopped."},
        subcommands = {
            TrainShapesCommand.class,
            TrainBidirectionalCommand.class,
            TrainMetricsCommand.class,
            TrainQatCommand.class,
            TrainCompareCommand.class,
            HelpCommand.class
        },
        synopsisSubcommandLabel = "WHAT",
        mixinStandardHelpOptions = true)
final class TrainCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                java.util.Objects.requireNonNull(spec).commandLine(), "say what to train, such as 'arvid train qat'");
    }
}
