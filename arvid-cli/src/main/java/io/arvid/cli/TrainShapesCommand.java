package io.arvid.cli;

import io.arvid.run.ShapesTraining;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code arvid train shapes}: makes the bundled model, or goes on making it. */
@Command(
        name = "shapes",
        description = {
            "Trains the model of the shapes world, or goes on training it.",
            "Beside the training states lie PART.jsonl, a line a step, and training.html with their charts."
        },
        mixinStandardHelpOptions = true)
final class TrainShapesCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--distillation-steps",
            paramLabel = "N",
            description =
                    "Steps of distillation to the few steps of the roll-out, 0 for none (default: ${DEFAULT-VALUE}).")
    private long distillationSteps;

    @Mixin
    private TrainingOptions options = new TrainingOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        if (distillationSteps < 0) {
            throw Usage.wrong(spec, "--distillation-steps must not be negative, as " + distillationSteps + " is");
        }
        options.train(
                "shapes",
                output.progress(),
                listener -> new ShapesTraining(options.states("shapes"), options.target(), distillationSteps, listener)
                        .run());
        output.line("written to " + options.target());
        output.result(Map.of("trained", "shapes", "folder", options.target().toString()));
        return 0;
    }
}
