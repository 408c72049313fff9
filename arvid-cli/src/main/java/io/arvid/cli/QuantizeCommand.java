package io.arvid.cli;

import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.SensitivityLog;
import io.arvid.pack.PackedSize;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.run.Generator;
import io.arvid.run.ModelFolder;
import io.arvid.run.PublishedModel;
import io.arvid.run.StateFolder;
import io.arvid.tensor.Torch;
import io.arvid.weights.AtomicFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code arvid quantize}: chooses the integers of a recipe and writes a packed model. */
@Command(
        name = "quantize",
        description = "Quantizes a model by a recipe and writes it packed.",
        mixinStandardHelpOptions = true)
final class QuantizeCommand implements Callable<Integer> {
    @Mixin
    private CalibrationOptions calibration = new CalibrationOptions();

    @Option(
            names = "--sensitivity",
            paramLabel = "FILE",
            description = "What 'arvid sensitivity' wrote; measured anew where a recipe needs it and it is not given.")
    private @Nullable Path sensitivity;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FOLDER",
            description = "Where the packed model goes.")
    private Path folder = Path.of("packed");

    @Mixin
    private PresetOptions preset = new PresetOptions();

    @Mixin
    private StateOption state = new StateOption();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() throws IOException {
        boolean published = preset.isGiven();
        calibration.check(published);
        AtomicFolder.requireFree(folder);
        RecipeFile<?> recipe = calibration.recipe();
        recipe.requirePackable();
        if (published) {
            return published(recipe);
        }
        preset.refuse(Stream.of(StateOption.NAME));
        AtomicFolder.requireWritable(folder.toAbsolutePath().getParent());
        preset.useDevice();
        Torch.setThreads(1);
        try (ModelFolder model = calibration.open();
                Generator generator = new Generator(model)) {
            if (model.packed() != null) {
                throw new IllegalArgumentException(model.path() + " is quantized already; quantize its source");
            }
            QuantContext context = calibration.context(model, generator, output.progress());
            Path log = folder.resolveSibling(folder.getFileName() + ".sensitivity.log");
            if (sensitivity != null) {
                context = context.withSensitivity(FrameWeights.read(
                        MissingException.require(sensitivity),
                        context.rollouts().chunkCount()));
                noteUnused(recipe);
            } else {
                context = context.withSensitivityLog(SensitivityLog.at(log, calibration.key(model)));
            }
            try (QuantPlan plan = recipe.plan(context)) {
                PackedSize size = model.pack(folder, plan, recipe);
                Files.deleteIfExists(log);
                output.line(size.text());
                output.line("keys and values: " + plan.kv().text());
                output.line("written to " + folder);
                output.result(size);
            }
        }
        return 0;
    }

    /** Says where {@code recipe} weighs chunks by something else than the sensitivities that were given. */
    private void noteUnused(RecipeFile<?> recipe) {
        if (!(recipe.needs() instanceof Needs.Rollouts rollouts && rollouts.usesSensitivity())) {
            output.note("the recipe uses no measured sensitivities: --sensitivity changes nothing");
        }
    }

    private Integer published(RecipeFile<?> recipe) {
        try (PublishedModel model = preset.open(calibration.model(), output)) {
            PublishedQuantization work = new PublishedQuantization(
                    model, recipe, calibration.prompts(), calibration.seed(), preset.maxMemory(), output);
            FrameWeights known = sensitivity == null
                    ? null
                    : FrameWeights.read(MissingException.require(sensitivity), work.chunks());
            if (known != null) {
                noteUnused(recipe);
            }
            Path place = state.of(folder);
            Map<String, Object> plan = work.plan(known != null, place);
            if (preset.isDryRun()) {
                preset.noteMissing(model.missing(false), output);
                output.result(plan);
            } else {
                AtomicFolder.requireWritable(folder.toAbsolutePath().getParent());
                try (StateFolder opened = StateFolder.open(place, work.facts(known))) {
                    PackedSize size = work.quantize(opened, known, folder);
                    output.line(size.text());
                    output.line("written to " + folder + "; its state in " + place + " is no longer needed");
                    output.result(size);
                }
            }
            return 0;
        }
    }
}
