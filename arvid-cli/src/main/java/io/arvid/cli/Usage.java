package io.arvid.cli;

import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** A verb's command line: what is wrong with it ends as a {@link ParameterException}, exit code 2. */
final class Usage {
    private Usage() {}

    /** The command line as it was given, for records: a shell that reads it again finds the same arguments. */
    static String text(@Nullable CommandSpec verb) {
        CommandSpec arvid = commandLine(verb).getCommandSpec().root();
        return "arvid "
                + arvid.commandLine().getParseResult().originalArgs().stream()
                        .map(Usage::quoted)
                        .collect(Collectors.joining(" "));
    }

    private static String quoted(String argument) {
        return argument.matches("[A-Za-z0-9_@%+=:,./-]+") ? argument : "'" + argument.replace("'", "'\\''") + "'";
    }

    /** What is to be thrown. */
    static ParameterException wrong(@Nullable CommandSpec verb, String message) {
        return new ParameterException(commandLine(verb), message);
    }

    /** What is made of options; wrong usage where they are refused with an {@code IllegalArgumentException}. */
    static <T> T of(@Nullable CommandSpec verb, Supplier<T> made) {
        try {
            return made.get();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(commandLine(verb), String.valueOf(e.getMessage()), e);
        }
    }

    /** Refuses {@code options} where they were given: {@code reason} follows the option's name. */
    static void refuse(@Nullable CommandSpec verb, Stream<String> options, String reason) {
        options.filter(commandLine(verb).getParseResult()::hasMatchedOption)
                .findFirst()
                .ifPresent(option -> {
                    throw wrong(verb, option + " " + reason);
                });
    }

    private static CommandLine commandLine(@Nullable CommandSpec verb) {
        return Objects.requireNonNull(verb, "picocli sets the verb").commandLine();
    }
}
