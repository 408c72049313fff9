package io.arvid.record;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Which sources ran.
 *
 * @param commit hash of the commit; {@code unknown} outside a git checkout
 * @param changed true where files differed from that commit
 */
public record SourceStamp(String commit, boolean changed) {
    /** What there is to say outside a git checkout. */
    public static final SourceStamp UNKNOWN = new SourceStamp("unknown", false);

    private static final int SHORT = 10;

    /** The checkout that contains {@code folder}. */
    public static SourceStamp of(Path folder) {
        return git(folder, "rev-parse", "HEAD")
                .map(commit -> new SourceStamp(
                        commit.strip(),
                        git(folder, "status", "--porcelain", "--untracked-files=no")
                                .map(changes -> !changes.isBlank())
                                .orElse(false)))
                .orElse(UNKNOWN);
    }

    /** The commit's first digits, with a plus where files were changed. */
    public String brief() {
        return (commit.length() > SHORT ? commit.substring(0, SHORT) : commit) + (changed ? "+" : "");
    }

    private static Optional<String> git(Path folder, String... arguments) {
        String[] command = new String[arguments.length + 3];
        command[0] = "git";
        command[1] = "-C";
        command[2] = folder.toString();
        System.arraycopy(arguments, 0, command, 3, arguments.length);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor(5, TimeUnit.SECONDS) && process.exitValue() == 0
                    ? Optional.of(answer)
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
