package io.arvid.cli;

import io.arvid.evaluate.shapes.ShapesMetricsTraining;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code arvid train metrics}: makes the networks of the shapes world's metrics, or goes on making them. */
@Command(
        name = "metrics",
        description = "Trains the networks of the metrics fvd-shapes and lpips-shapes.",
        mixinStandardHelpOptions = true)
final class TrainMetricsCommand implements Callable<Integer> {
    @Mixin
    private TrainingOptions options = new TrainingOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        options.train("metrics", output.progress(), listener -> {
            ShapesMetricsTraining.Figures figures =
                    new ShapesMetricsTraining(options.states("metrics"), options.target(), listener).run();
            output.line(String.format(
                    "fvd-shapes on fresh clips: %.1f %% of labels right, motions %.3f pixels a frame off",
                    100 * figures.labelAccuracy(), figures.motionError()));
        });
        output.line("written to " + options.target());
        output.result(Map.of("trained", "metrics", "folder", options.target().toString()));
        return 0;
    }
}
