package io.arvid.cli;

import io.arvid.model.SiteRole;
import io.arvid.model.wan.ChannelRescaling;
import io.arvid.run.PlantedModel;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code arvid plant-outliers}: a second model with outlier channels and the same function. */
@Command(
        name = "plant-outliers",
        description =
                "Writes a model that computes the same, bit for bit, but has outlier channels: columns of weights are"
                        + " multiplied by powers of two, and what produces these channels is divided by them.",
        mixinStandardHelpOptions = true)
final class PlantOutliersCommand implements Callable<Integer> {
    @Option(
            names = "--model",
            paramLabel = "FOLDER",
            description = "Folder of the model; the bundled one where it is not given.")
    private Path model = Home.bundledModel();

    @Option(
            names = "--in",
            paramLabel = "SIDE",
            description = "What stands out: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private ChannelRescaling.Side side = ChannelRescaling.Side.WEIGHTS;

    @Option(
            names = "--share",
            paramLabel = "SHARE",
            description = "Share of a layer's input channels (default: ${DEFAULT-VALUE}).")
    private double share = 0.02;

    @Option(
            names = "--gain",
            paramLabel = "N",
            description =
                    "Largest gain, a power of two from 4: half of the channels get 4, half of the others 8, and so on"
                            + " (default: ${DEFAULT-VALUE}).")
    private int gain = 16;

    @Option(
            names = "--layers",
            split = ",",
            paramLabel = "LAYER",
            description = "Where: self_attn.o, cross_attn.o, cross_attn.q; all three where it is not given.")
    private List<String> layers =
            ChannelRescaling.LAYERS.stream().map(SiteRole::suffix).toList();

    @Option(names = "--seed", paramLabel = "N", description = "Seed of channels and gains (default: ${DEFAULT-VALUE}).")
    private long seed = 0;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FOLDER",
            description = "Where the new model goes.")
    private Path folder = Path.of("planted");

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        Torch.setThreads(1);
        ChannelRescaling.Settings settings = new ChannelRescaling.Settings(
                side, share, gain, layers.stream().map(ChannelRescaling::layer).toList(), seed);
        List<PlantedModel.Layer> planted = PlantedModel.write(MissingException.require(model), folder, settings);
        planted.forEach(layer -> output.line(layer.layer() + "  " + layer.gains()));
        output.line(planted.stream().mapToInt(layer -> layer.gains().size()).sum()
                + " channels planted; the paper's rule finds "
                + planted.stream().mapToLong(PlantedModel.Layer::found).sum()
                + " of them as outlier columns of weights");
        output.line("written to " + folder);
        output.result(planted);
        return 0;
    }
}
