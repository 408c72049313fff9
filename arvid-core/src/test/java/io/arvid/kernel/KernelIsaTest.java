package io.arvid.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.tensor.onednn.LimitedProcess;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same outputs, bit for bit, whatever instructions oneDNN may use: each limit in a process of its own. */
class KernelIsaTest {
    @ParameterizedTest
    @CsvSource({"AVX512_CORE_VNNI", "AVX2_VNNI", "AVX2"})
    void outputsDoNotDependOnTheInstructions(String limit) throws IOException, InterruptedException {
        String said = LimitedProcess.run(KernelProbe.class, limit);
        String[] words = said.split(" ", 3);
        assertThat(Integer.parseInt(words[1])).as(said).isEqualTo(KernelProbe.digest(Kernel.EMULATED));
        if (limit.equals("AVX2")) {
            assertThat(words[0]).isEqualTo("emulated");
        }
    }
}
