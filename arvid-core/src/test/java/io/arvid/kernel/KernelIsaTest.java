package io.arvid.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.arvid.tensor.onednn.LimitedProcess;
import io.arvid.tensor.onednn.Onednn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same outputs, bit for bit, whatever instructions oneDNN may use: each limit in a process of its own. */
class KernelIsaTest {
    private static final Path PROCESSOR = Path.of("/proc/cpuinfo");

    /** Where the processor lacks the instructions, integers are emulated in the other process as well, which says nothing of them. */
    @ParameterizedTest
    @CsvSource({"AVX512_CORE_VNNI, avx512_vnni", "AVX2_VNNI, avx_vnni"})
    void outputsDoNotDependOnTheInstructions(String limit, String flag) throws IOException, InterruptedException {
        assumeTrue(Onednn.find().isPresent(), Onednn.absence());
        assumeTrue(processorHas(flag), "this processor has no " + flag);
        assertThat(kernelOfTheSameOutputs(limit)).isEqualTo("onednn");
    }

    @Test
    void productsThatSaturateAreEmulated() throws IOException, InterruptedException {
        assertThat(kernelOfTheSameOutputs("AVX2")).isEqualTo("emulated");
    }

    /** Which kernel a process that is limited so chooses; its outputs are those of the emulation here. */
    private static String kernelOfTheSameOutputs(String limit) throws IOException, InterruptedException {
        String said = LimitedProcess.run(KernelProbe.class, limit);
        String[] words = said.split(" ", 3);
        assertThat(Integer.parseInt(words[1])).as(said).isEqualTo(KernelProbe.digest(Kernel.EMULATED));
        return words[0];
    }

    /** As Linux tells. */
    private static boolean processorHas(String flag) throws IOException {
        return Files.isReadable(PROCESSOR)
                && Files.readAllLines(PROCESSOR).stream()
                        .filter(line -> line.startsWith("flags"))
                        .anyMatch(line -> (line + " ").contains(" " + flag + " "));
    }
}
