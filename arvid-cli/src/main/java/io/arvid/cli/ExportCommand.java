package io.arvid.cli;

import io.arvid.pack.DequantizedExport;
import io.arvid.pack.PackedModelFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code arvid export}: a packed model as an ordinary checkpoint. */
@Command(
        name = "export",
        description = "Writes a packed model as a checkpoint for other software.",
        mixinStandardHelpOptions = true)
final class ExportCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "PACKED", description = "Folder that 'arvid quantize' wrote.")
    private Path packed = Path.of(".");

    @Parameters(
            index = "1",
            paramLabel = "FILE",
            description =
                    "Checkpoint to write: FILE.safetensors, or FILE.pt where the original was the file of a causal model's trainer.")
    private Path target = Path.of(".");

    @Option(
            names = "--dequantized",
            required = true,
            description = "Weights in bfloat16 with the rounding of the plan, under Wan's names.")
    private boolean dequantized;

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        MissingException.require(packed);
        try (PackedModelFile file = PackedModelFile.open(packed)) {
            DequantizedExport.write(file, target);
            output.line(target + ": " + file.layers().size() + " layers dequantized to bfloat16");
            output.result(
                    Map.of("file", target.toString(), "layers", file.layers().size()));
        }
        return 0;
    }
}
