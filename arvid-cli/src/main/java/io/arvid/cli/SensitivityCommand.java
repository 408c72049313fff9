package io.arvid.cli;

import io.arvid.calibrate.SensitivityLog;
import io.arvid.evaluate.SensitivityShares;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.qarvd.QArvd;
import io.arvid.quantize.qarvd.QArvdRecipe;
import io.arvid.quantize.qarvd.Sensitivity;
import io.arvid.run.Generator;
import io.arvid.run.ModelFolder;
import io.arvid.run.PublishedModel;
import io.arvid.run.StateFolder;
import io.arvid.tensor.Torch;
import io.arvid.weights.AtomicFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code arvid sensitivity}: how much each chunk's quantization damages the final video (Q-ARVD, step A). Latents only. */
@Command(
        name = "sensitivity",
        description =
                "Measures how much each chunk's quantization damages the final video; resumes per chunk and prompt.",
        mixinStandardHelpOptions = true)
final class SensitivityCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private CalibrationOptions calibration = new CalibrationOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Where the result goes (default: ${DEFAULT-VALUE}).")
    private Path file = Path.of("runs", "sensitivity.json");

    @Mixin
    private PresetOptions preset = new PresetOptions();

    @Mixin
    private StateOption state = new StateOption();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        if (Files.isDirectory(file)) {
            throw Usage.wrong(spec, "--output names a file; " + file + " is a folder");
        }
        boolean published = preset.isGiven();
        calibration.check(published);
        if (published) {
            return published();
        }
        preset.refuse(Stream.of(StateOption.NAME));
        preset.useDevice();
        Torch.setThreads(1);
        if (!(calibration.recipe().recipe() instanceof QArvdRecipe recipe)) {
            throw new IllegalArgumentException("sensitivity needs a recipe of q-arvd");
        }
        try (ModelFolder model = calibration.open();
                Generator generator = new Generator(model)) {
            SensitivityLog log =
                    SensitivityLog.at(file.resolveSibling(file.getFileName() + ".log"), calibration.key(model));
            QuantContext context = calibration.context(model, generator, output.progress());
            write(QArvd.measureSensitivity(context.withSensitivityLog(log), recipe));
        }
        return 0;
    }

    private Integer published() {
        try (PublishedModel model = preset.open(calibration.model(), output)) {
            PublishedQuantization work = new PublishedQuantization(
                    model, calibration.recipe(), calibration.prompts(), calibration.seed(), preset.maxMemory(), output);
            Path place = state.of(file);
            Map<String, Object> plan = work.sensitivityPlan(place);
            if (preset.isDryRun()) {
                preset.noteMissing(model.missing(false), output);
                output.result(plan);
            } else {
                try (StateFolder opened = StateFolder.open(place, work.facts(null))) {
                    write(work.sensitivity(opened));
                }
            }
            return 0;
        }
    }

    private void write(Sensitivity measured) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("alpha", measured.alpha());
        result.put("alphaWithoutText", measured.alphaWithoutText());
        result.put("textPathError", measured.textPathError());
        result.put("prompts", measured.promptCount());
        result.put("spearman", SensitivityShares.of(measured, "").spearman());
        AtomicFile.write(
                file,
                new com.fasterxml.jackson.databind.json.JsonMapper()
                                .valueToTree(result)
                                .toPrettyString() + "\n");
        output.line("alpha, text path charged to chunk 1   " + numbers(measured.alpha()));
        output.line("alpha, text path charged separately   " + numbers(measured.alphaWithoutText()));
        output.line("written to " + file);
        output.result(result);
    }

    private static String numbers(double[] values) {
        return Arrays.stream(values).mapToObj(v -> String.format("%.4f", v)).collect(Collectors.joining(" "));
    }
}
