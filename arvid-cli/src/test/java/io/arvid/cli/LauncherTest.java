package io.arvid.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher, in a folder with a space in its name where everything is built already, with a JDK that only says how it was called. */
class LauncherTest {
    @TempDir
    Path folder;

    private Path home;
    private Path jdk;

    @BeforeEach
    void makeHomeAndJdk() throws IOException {
        home = folder.resolve("a home");
        jdk = folder.resolve("a jdk");
        program(home.resolve("arvid"), Files.readString(Path.of("..", "arvid")));
        Files.createFile(home.resolve("pom.xml"));
        for (String module : List.of("arvid-core", "arvid-cli", "arvid-bench")) {
            Files.createDirectories(home.resolve(module).resolve("src/main"));
            Files.createFile(home.resolve(module).resolve("pom.xml"));
        }
        Path target = Files.createDirectories(home.resolve("arvid-cli/target"));
        Files.writeString(target.resolve("classpath.txt"), "nothing.jar");
        Files.writeString(target.resolve("built"), "\n");
        program(jdk.resolve("bin/java"), "#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\"\n");
        program(jdk.resolve("bin/javac"), "#!/bin/sh\n");
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25.0.1\"\n");
    }

    private static void program(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    /** What the JDK that was found said: its path and its arguments, one a line. */
    private List<String> launch(ProcessBuilder launcher) throws IOException, InterruptedException {
        // With them, the launcher would build anew or call Java in another way.
        launcher.environment().keySet().removeAll(List.of("ARVID_CUDA", "ARVID_JVM", "ARVID_MAIN"));
        Process process = launcher.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said.lines().toList();
    }

    @Test
    void theJdkOnThePathIsFoundThroughItsLink() throws IOException, InterruptedException {
        Path links = Files.createDirectory(folder.resolve("links"));
        Files.createSymbolicLink(links.resolve("javac"), jdk.resolve("bin/javac"));
        ProcessBuilder launcher =
                new ProcessBuilder("bash", home.resolve("arvid").toString(), "generate", "-p", "a cat");
        launcher.environment().remove("JAVA_HOME");
        launcher.environment().merge("PATH", links.toString(), (old, own) -> own + ":" + old);
        assertThat(launch(launcher))
                .startsWith(jdk.toRealPath().resolve("bin/java").toString())
                .contains("-Darvid.home=" + home.toRealPath())
                .endsWith("io.arvid.cli.Arvid", "generate", "-p", "a cat");
    }

    @Test
    void aSearchPathOfCdLeadsNowhereElse() throws IOException, InterruptedException {
        ProcessBuilder launcher = new ProcessBuilder("bash", "a home/arvid", "doctor").directory(folder.toFile());
        launcher.environment().put("JAVA_HOME", jdk.toString());
        launcher.environment().put("CDPATH", folder.toString());
        assertThat(launch(launcher)).contains("-Darvid.home=" + home.toRealPath());
    }
}
