package io.arvid.cli;

import io.arvid.record.MemoryPlan;
import io.arvid.rollout.preset.Overrides;
import io.arvid.rollout.preset.Preset;
import io.arvid.rollout.preset.Presets;
import io.arvid.run.PublishedModel;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of verbs that run a published model. */
final class PresetOptions {
    @Spec(Spec.Target.SELF)
    private @Nullable CommandSpec own;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec mixee;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            description = "How a published model is run: a name of 'arvid presets', or a JSON file of that form.")
    private @Nullable String preset;

    @Option(
            names = "--files",
            paramLabel = "PATH",
            description = "More files and folders of the published model, such as those of its text encoder.")
    private List<Path> files = List.of();

    @Option(names = "--steps", paramLabel = "T", split = ",", description = "Denoising steps instead of the preset's.")
    private int @Nullable [] steps;

    @Option(names = "--shift", paramLabel = "S", description = "Shift of the schedule instead of the preset's.")
    private @Nullable Double shift;

    @Option(names = "--chunk-frames", paramLabel = "N", description = "Latent frames that are generated together.")
    private @Nullable Integer chunkFrames;

    @Option(names = "--height", paramLabel = "PIXELS", description = "Height instead of the preset's.")
    private @Nullable Integer height;

    @Option(names = "--width", paramLabel = "PIXELS", description = "Width instead of the preset's.")
    private @Nullable Integer width;

    @Option(names = "--frames", paramLabel = "N", description = "Frames instead of the preset's: 4·k + 1.")
    private @Nullable Integer frames;

    @Option(names = "--solver", paramLabel = "NAME", description = "unipc or dpm++, for the bidirectional model.")
    private @Nullable String solver;

    @Option(names = "--solver-steps", paramLabel = "N", description = "Solver steps, for the bidirectional model.")
    private @Nullable Integer solverSteps;

    @Option(names = "--guidance", paramLabel = "G", description = "Weight of the prompt, for the bidirectional model.")
    private @Nullable Double guidance;

    @Option(
            names = "--unguided-steps",
            paramLabel = "N",
            description =
                    "Last solver steps that follow the prompt alone, in half the time, for the bidirectional model.")
    private @Nullable Integer unguidedSteps;

    @Option(names = "--negative-prompt", paramLabel = "TEXT", description = "What the bidirectional model avoids.")
    private @Nullable String negativePrompt;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads of a published model (default: as many as the machine has).")
    private @Nullable Integer threads;

    @Mixin
    private DeviceOption device = new DeviceOption();

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = "What a published model computes in, whatever its file holds: bf16 (the default) or f32.")
    private @Nullable String type;

    @Option(
            names = "--max-memory",
            paramLabel = "SIZE",
            defaultValue = "0",
            description = "Refuse to start what would need more, such as 16G; with --preset.")
    private String maxMemory = "0";

    @Option(names = "--dry-run", description = "Print the plan of memory, disk and time, and stop; with --preset.")
    private boolean dryRun;

    /**
     * True where a preset is named.
     *
     * @throws ParameterException where none is, and an option of published models is given that would then be ignored
     */
    boolean isGiven() {
        if (preset == null) {
            refuse(Objects.requireNonNull(own).options().stream()
                    .map(OptionSpec::longestName)
                    .filter(option -> !option.equals(DeviceOption.NAME)));
        }
        return preset != null;
    }

    /** Refuses {@code options}, which need a preset, where they were given. */
    void refuse(Stream<String> options) {
        Usage.refuse(mixee, options, "is for published models: name one with --preset");
    }

    boolean isDryRun() {
        return dryRun;
    }

    /** Says beside a plan what is {@code missing} before it can be run; null for nothing. */
    void noteMissing(@Nullable String missing, Output output) {
        if (missing != null) {
            output.note("it cannot be run yet: " + missing);
        }
    }

    long maxMemory() {
        return Usage.of(mixee, () -> MemoryPlan.parse(maxMemory));
    }

    /** Computes on the device that was asked for. */
    void useDevice() {
        device.use(mixee);
    }

    /** Opens the model of the preset among {@code model} and the other places, and sets threads and device. */
    PublishedModel open(Path model, Output output) {
        if (threads != null && threads < 1) {
            throw Usage.wrong(mixee, "--threads must be at least 1, not " + threads);
        }
        useDevice();
        Torch.setThreads(threads == null ? Runtime.getRuntime().availableProcessors() : threads);
        List<Path> places = new ArrayList<>();
        places.add(MissingException.require(model));
        files.forEach(file -> places.add(MissingException.require(file)));
        PublishedModel opened = PublishedModel.open(resolved(), places, type());
        if (!opened.isRecognised()) {
            output.note(opened.card().file()
                    + " does not show whether it is the bidirectional model or a causal one; it is run as '" + preset
                    + "' because --preset says so");
        }
        noteOtherSettings(opened, output);
        return opened;
    }

    /** Says where the file, or what a packed model was quantized with, speaks for other settings than those that were asked for. */
    private static void noteOtherSettings(PublishedModel opened, Output output) {
        Preset owner = Presets.otherOwner(opened.preset(), opened.card());
        if (owner != null) {
            output.note(opened.card().file() + " is the file of the preset '" + owner.id() + "'; it is run as '"
                    + opened.preset().id() + "'");
        }
        String changed = opened.changedSincePacking();
        if (changed != null) {
            output.note(opened.card().file() + " was quantized with " + changed + "; now it is run otherwise");
        }
    }

    private @Nullable DTypes type() {
        return switch (type) {
            case null -> null;
            case "bf16" -> DTypes.BF16;
            case "f32" -> DTypes.F32;
            default -> throw new IllegalArgumentException("no number type '" + type + "'; there are bf16 and f32");
        };
    }

    private Preset resolved() {
        String name = String.valueOf(preset);
        Preset found = name.endsWith(".json")
                ? Presets.find(MissingException.require(Path.of(name)).toString())
                : Usage.of(mixee, () -> Presets.find(name));
        return Usage.of(
                mixee,
                () -> found.with(new Overrides(
                        steps,
                        shift,
                        chunkFrames,
                        height,
                        width,
                        frames,
                        solver,
                        solverSteps,
                        guidance,
                        unguidedSteps,
                        negativePrompt)));
    }
}
