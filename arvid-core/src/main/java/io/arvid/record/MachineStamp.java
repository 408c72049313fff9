package io.arvid.record;

import io.arvid.tensor.Devices;
import io.arvid.tensor.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The machine and the software on it, as far as they shape figures.
 *
 * @param system operating system and architecture
 * @param cpu model name of the processor
 * @param cpuFeatures which of AVX2, AVX-512, VNNI, AMX it has
 * @param threads processors that the JVM may use
 * @param memoryBytes main memory, or the control group's limit where that is lower
 * @param device what computes: {@code cpu} or {@code cuda:0} and so on
 * @param versions of java, libtorch and other parts, by name
 */
public record MachineStamp(
        String system,
        String cpu,
        List<String> cpuFeatures,
        int threads,
        long memoryBytes,
        String device,
        Map<String, String> versions) {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    /** Names as in {@code /proc/cpuinfo}, then ours. */
    private static final Map<String, String> FEATURES = Map.of(
            "avx2", "AVX2",
            "avx512f", "AVX-512",
            "avx512_vnni", "VNNI",
            "avx_vnni", "AVX-VNNI",
            "avx512_bf16", "AVX-512 BF16",
            "amx_tile", "AMX",
            "amx_int8", "AMX int8",
            "amx_bf16", "AMX bf16",
            "asimd", "NEON");

    /** This machine, now. */
    public static MachineStamp here() {
        Map<String, String> versions = new LinkedHashMap<>();
        versions.put("java", Runtime.version().toString());
        versions.put("libtorch", Torch.version());
        return new MachineStamp(
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                cpuInfo("model name").findFirst().orElse("unknown"),
                findCpuFeatures(),
                Runtime.getRuntime().availableProcessors(),
                findMemoryBytes(),
                Devices.current().toString(),
                versions);
    }

    /** Processor, threads, memory, system and device. */
    public String inWords() {
        return cpu + ", " + threads + (threads == 1 ? " thread, " : " threads, ")
                + String.format("%.1f GiB, ", memoryBytes / (double) (1L << 30)) + system + ", computed on " + device;
    }

    /** Parts and their versions. */
    public String versionsInWords() {
        return versions.entrySet().stream()
                .map(part -> part.getKey() + " " + part.getValue())
                .collect(Collectors.joining(", "));
    }

    private static List<String> findCpuFeatures() {
        return cpuInfo("flags").findFirst().or(() -> cpuInfo("Features").findFirst()).stream()
                .flatMap(flags -> Arrays.stream(flags.split(" ")))
                .map(FEATURES::get)
                .filter(feature -> feature != null)
                .sorted()
                .toList();
    }

    private static Stream<String> cpuInfo(String key) {
        if (!Files.isReadable(CPU_INFO)) {
            return Stream.empty();
        }
        try {
            return Files.readAllLines(CPU_INFO).stream()
                    .filter(line -> line.startsWith(key) && line.contains(":"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip());
        } catch (IOException e) {
            return Stream.empty();
        }
    }

    private static long findMemoryBytes() {
        return java.lang.management.ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : 0;
    }
}
