package io.arvid.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.model.wan.PublishedNetwork;
import io.arvid.model.wan.SyntheticModel;
import io.arvid.model.wan.WanConfig;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code arvid quantize --preset} in a process of its own, killed (SIGKILL) at random moments of sensitivity, calibration and reconstruction and started again
 * until it is done, ends in the same bytes as without. {@code -Darvid.kills=N} kills more often, {@code -Darvid.kill.seed=N} at other moments.
 */
class KilledProcessTest {
    private static final WanConfig SMALL = new WanConfig(64, 96, 2, 1, 16, 16, 8, 16, 16, new int[] {1, 2, 2}, 1e-6);
    private static final int KILLS = Integer.getInteger("arvid.kills", 1);
    private static final String RECIPE = """
            {"method": "q-arvd", "weighting": "sensitivity", "sensitivityPrompts": 1, "calibrationPrompts": 1,
             "tokensPerSample": 8, "solver": "gram"}
            """;

    @TempDir
    Path folder;

    @Test
    void aKilledProcessGoesOnToTheSameBytes() throws IOException, InterruptedException {
        Torch.setThreads(1);
        Torch.withoutGradients(() -> {
            SyntheticModel.write(
                    folder.resolve("model"), SMALL, List.<PublishedNetwork>of(), DTypes.BF16, 1, (name, count) -> {});
            return null;
        });
        Files.writeString(folder.resolve("recipe.json"), RECIPE);
        Files.writeString(folder.resolve("prompts.txt"), "a cat on a beach\n");
        assertThat(Arvid.commandLine().execute(arguments("whole"))).isZero();
        long files = finished("whole");
        long seed = Long.getLong("arvid.kill.seed", System.nanoTime());
        Random random = new Random(seed);
        List<Long> moments = random.longs(KILLS, 0, files).sorted().boxed().toList();
        String told = "seed " + seed + ", killed when " + moments + " of " + files + " files were there";
        for (long moment : moments) {
            Process process = start();
            while (process.isAlive() && finished("killed") < moment) {
                process.waitFor(5, TimeUnit.MILLISECONDS);
            }
            process.waitFor(random.nextInt(40), TimeUnit.MILLISECONDS);
            process.destroyForcibly().waitFor(); // SIGKILL
        }
        if (!Files.exists(folder.resolve("killed"))) {
            assertThat(start().waitFor())
                    .as(told + "; " + Files.readString(folder.resolve("log")))
                    .isZero();
        }
        for (String name : List.of("config.json", "model.safetensors")) {
            assertThat(Files.mismatch(
                            folder.resolve("killed").resolve(name),
                            folder.resolve("whole").resolve(name)))
                    .as(name + ": " + told)
                    .isEqualTo(-1);
        }
    }

    private String[] arguments(String name) {
        return new String[] {
            "quantize",
            "--preset",
            "self-forcing",
            "--model",
            folder.resolve("model").toString(),
            "--threads",
            "1",
            "--height",
            "64",
            "--width",
            "96",
            "--frames",
            "21",
            "--steps",
            "1000,500",
            "--recipe",
            folder.resolve("recipe.json").toString(),
            "--prompts",
            folder.resolve("prompts.txt").toString(),
            "-o",
            folder.resolve(name).toString()
        };
    }

    private Process start() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                Arvid.class.getName()));
        command.addAll(List.of(arguments("killed")));
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(folder.resolve("log").toFile())
                .start();
    }

    /** Finished passes, roll-outs and layers in the state of the run {@code name}. */
    private long finished(String name) throws IOException {
        Path state = folder.resolve(name + ".state");
        if (!Files.isDirectory(state)) {
            return 0;
        }
        try (Stream<Path> files = Files.find(
                state, 9, (file, attributes) -> file.getFileName().toString().endsWith(".safetensors"))) {
            return files.count();
        } catch (java.io.UncheckedIOException e) {
            return 0; // A file was moved while the folder was read.
        }
    }
}
