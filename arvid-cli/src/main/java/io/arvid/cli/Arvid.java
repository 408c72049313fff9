package io.arvid.cli;

import java.io.PrintWriter;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParseResult;

/** The command {@code arvid}: its verbs, its exit codes and how it fails. */
@Command(
        name = "arvid",
        description = "Quantizes autoregressive video diffusion models and runs them.",
        subcommands = {
            DemoCommand.class,
            GenerateCommand.class,
            SensitivityCommand.class,
            QuantizeCommand.class,
            ExportCommand.class,
            EvaluateCommand.class,
            CompareCommand.class,
            ReportCommand.class,
            InspectCommand.class,
            TrainCommand.class,
            SynthesizeCommand.class,
            PlantOutliersCommand.class,
            PullCommand.class,
            VerifyCommand.class,
            BenchCommand.class,
            DoctorCommand.class,
            PresetsCommand.class,
            CommandLine.HelpCommand.class
        },
        version = "arvid 0.1.0-SNAPSHOT",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "VERB",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            " 0:done",
            " 1:failed",
            " 2:wrong usage",
            " 3:a device or a file is missing",
            "130:stopped by Ctrl-C"
        })
public final class Arvid {
    private Arvid() {}

    /** Runs the command line and leaves with its exit code. */
    public static void main(String[] arguments) {
        Locale.setDefault(Locale.ROOT);
        Interruption interruption = Interruption.listen();
        int code;
        try {
            code = commandLine().execute(arguments.length == 0 ? new String[] {"--help"} : arguments);
        } finally {
            interruption.ended();
        }
        System.exit(code);
    }

    /** The parser with arvid's way of failing: one line, the stack trace only with {@code -v}. */
    static CommandLine commandLine() {
        return new CommandLine(new Arvid())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionStrategy(Arvid::runVerb)
                .setParameterExceptionHandler(Arvid::wrongUsage)
                .setExecutionExceptionHandler(Arvid::failed)
                .setUsageHelpWidth(100);
    }

    /** Runs the verb; picocli's own handler hears no {@link Error}, such as memory that ran out or a library that does not load. */
    private static int runVerb(ParseResult parsed) {
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (Error e) {
            return failed(e, parsed.commandSpec().commandLine(), parsed);
        }
    }

    private static int wrongUsage(CommandLine.ParameterException error, String[] arguments) {
        PrintWriter err = error.getCommandLine().getErr();
        err.println("arvid: " + Failure.line(error.getMessage()));
        CommandLine.UnmatchedArgumentException.printSuggestions(error, err);
        err.println("Try '" + help(error.getCommandLine()) + "'.");
        return CommandLine.ExitCode.USAGE;
    }

    /** The command line that explains {@code command}; 'arvid help' knows the verbs, not what is below them. */
    private static String help(CommandLine command) {
        CommandLine above = command.getParent();
        if (above == null) {
            return "arvid help";
        }
        return above.getParent() == null
                ? "arvid help " + command.getCommandName()
                : command.getCommandSpec().qualifiedName() + " --help";
    }

    private static int failed(Throwable error, CommandLine command, ParseResult parsed) {
        PrintWriter err = command.getErr();
        err.println("arvid: " + Failure.describe(error));
        if (parsed.asCommandLineList().getLast().getParseResult().hasMatchedOption("-v")) {
            error.printStackTrace(err);
        }
        return Failure.exitCode(error);
    }
}
