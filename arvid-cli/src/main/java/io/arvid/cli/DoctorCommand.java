package io.arvid.cli;

import io.arvid.kernel.Kernel;
import io.arvid.record.MachineStamp;
import io.arvid.tensor.Torch;
import io.arvid.tensor.onednn.Onednn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code arvid doctor}: what arvid finds on this machine. */
@Command(
        name = "doctor",
        description = "Says what arvid finds on this machine: JDK, libtorch, processor, memory, threads.",
        mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        MachineStamp machine = MachineStamp.here();
        Map<String, Object> findings = new LinkedHashMap<>();
        findings.put("system", machine.system());
        String jdk = System.getProperty("java.vendor.version", System.getProperty("java.runtime.version"));
        findings.put("java", jdk + " at " + System.getProperty("java.home"));
        findings.put("libtorch", machine.versions().get("libtorch") + " (loops for " + Torch.cpuCapability() + ")");
        findings.put("processor", machine.cpu());
        findings.put("features", String.join(", ", machine.cpuFeatures()));
        findings.put("threads", machine.threads());
        findings.put("memory", String.format("%.1f GiB", machine.memoryBytes() / (double) (1L << 30)));
        findings.put("device", Torch.hasCuda() ? "cuda" : "cpu");
        findings.put("kernels", kernels());
        findings.forEach((name, finding) -> output.line(String.format("%-10s %s", name, finding)));
        output.result(findings);
        return 0;
    }

    /** Each kernel with the instructions that it would use here, or why it is refused. */
    private static String kernels() {
        List<String> kernels = new ArrayList<>();
        String chosen = null;
        for (Kernel kernel : Kernel.values()) {
            String refusal = kernel.refusal().orElse(null);
            if (refusal != null) {
                kernels.add(kernel.id() + " refused: " + refusal);
                continue;
            }
            String instructions = kernel == Kernel.ONEDNN
                    ? Onednn.find().map(onednn -> " with " + onednn.isa()).orElse("")
                    : "";
            kernels.add(kernel.id() + instructions + (chosen == null ? ", chosen" : ", for what the others cannot"));
            chosen = kernel.id();
        }
        return String.join("; ", kernels);
    }
}
