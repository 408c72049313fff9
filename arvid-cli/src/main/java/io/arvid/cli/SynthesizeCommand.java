package io.arvid.cli;

import io.arvid.model.wan.PublishedNetwork;
import io.arvid.model.wan.SyntheticModel;
import io.arvid.model.wan.WanConfig;
import io.arvid.record.Progress;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Torch;
import io.arvid.weights.AtomicFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code arvid synthesize}: a model of random weights in the true names and shapes. */
@Command(
        name = "synthesize",
        description = "Writes a folder of random weights in the names, shapes and sizes of a published model.",
        mixinStandardHelpOptions = true)
final class SynthesizeCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--like",
            paramLabel = "MODEL",
            required = true,
            description = "The model: wan2.1-t2v-1.3b or wan2.1-t2v-14b.")
    private String model = "";

    @Option(
            names = {"-o", "--output", "--out"},
            paramLabel = "DIR",
            required = true,
            description = "The folder to write.")
    private Path folder = Path.of(".");

    @Option(names = "--layers", paramLabel = "N", description = "Write only the first N transformer blocks.")
    private @Nullable Integer layers;

    @Option(
            names = "--seed",
            paramLabel = "SEED",
            defaultValue = "0",
            description = "Seed (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "BF16",
            description = "Number type: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private DTypes type = DTypes.BF16;

    @Option(
            names = "--with",
            paramLabel = "PART",
            split = ",",
            description = "Networks to write beside the transformer: ${COMPLETION-CANDIDATES}.")
    private List<PublishedNetwork> parts = List.of();

    @Option(names = "--dry-run", description = "Say what would be written, and stop.")
    private boolean dryRun;

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        WanConfig config = sizes();
        if (!type.isFloating()) {
            throw Usage.wrong(spec, "weights are fractions: --dtype must be F32, F16, BF16 or F64, not " + type);
        }
        AtomicFolder.requireFree(folder);
        long values = SyntheticModel.valueCount(config, parts);
        long bytes = values * type.bytes();
        output.line(folder + ": " + config.numLayers() + " blocks, " + values + " values, " + InspectCommand.size(bytes)
                + " in " + type);
        if (!dryRun) {
            Torch.withoutGradients(() -> {
                write(config, values);
                return null;
            });
        }
        output.result(Map.of(
                "folder",
                folder.toString(),
                "blocks",
                config.numLayers(),
                "values",
                values,
                "bytes",
                bytes,
                "seed",
                seed));
        return 0;
    }

    private void write(WanConfig config, long values) {
        try (Progress.Stage stage = output.progress().begin("synthesize", values)) {
            SyntheticModel.write(folder, config, parts, type, seed, (name, count) -> stage.step(count));
        }
    }

    private WanConfig sizes() {
        WanConfig all = Usage.of(spec, () -> SyntheticModel.sizes(model));
        if (layers == null) {
            return all;
        }
        if (layers < 1 || layers > all.numLayers()) {
            throw Usage.wrong(spec, "--layers must be between 1 and " + all.numLayers() + ", not " + layers);
        }
        return all.withLayers(layers);
    }
}
