package io.arvid.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same outputs, bit for bit, whatever instructions oneDNN may use: each limit in a process of its own. */
class KernelIsaTest {
    @ParameterizedTest
    @CsvSource({"AVX512_CORE_VNNI", "AVX2_VNNI", "AVX2"})
    void outputsDoNotDependOnTheInstructions(String limit) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-javaagent"))
                .toList());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), KernelProbe.class.getName()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("ONEDNN_MAX_CPU_ISA", limit);
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).isZero();
        String[] words = said.split(" ", 3);
        assertThat(Integer.parseInt(words[1])).as(said).isEqualTo(KernelProbe.digest(Kernel.EMULATED));
        if (limit.equals("AVX2")) {
            assertThat(words[0]).isEqualTo("emulated");
        }
    }
}
