package io.arvid.cli;

import io.arvid.run.BidirectionalTraining;
import io.arvid.run.Generator;
import io.arvid.run.ModelFolder;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code arvid train shapes-bidirectional}: makes the bidirectional variant of a causal model. */
@Command(
        name = "shapes-bidirectional",
        description = "Trains the bidirectional variant of the bundled model, from the causal model's weights.",
        mixinStandardHelpOptions = true)
final class TrainBidirectionalCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--model",
            paramLabel = "FOLDER",
            description = "Folder of the causal model; the bundled one where it is not given.")
    private Path model = Home.bundledModel();

    @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps (default: ${DEFAULT-VALUE}).")
    private long steps = 1500;

    @Mixin
    private TrainingOptions options = new TrainingOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        if (steps < 1) {
            throw Usage.wrong(spec, "--steps must be at least 1, not " + steps);
        }
        String what = model.toAbsolutePath().normalize().getFileName() + "-bidirectional";
        try (ModelFolder source = ModelFolder.open(MissingException.require(model));
                Generator generator = new Generator(source)) {
            options.train(
                    what,
                    output.progress(),
                    listener -> new BidirectionalTraining(
                                    generator, options.states(what), options.target(what), steps, listener)
                            .run());
        }
        output.line("written to " + options.target(what));
        output.result(Map.of("trained", what, "folder", options.target(what).toString()));
        return 0;
    }
}
