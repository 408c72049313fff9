package io.arvid.cli;

import io.arvid.rollout.preset.Preset;
import io.arvid.rollout.preset.Presets;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code arvid presets}: the models that arvid knows the settings of. */
@Command(
        name = "presets",
        description = "Lists the models that arvid knows the settings of; --json prints the settings.",
        mixinStandardHelpOptions = true)
final class PresetsCommand implements Callable<Integer> {
    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        List<Preset> presets = Presets.all();
        presets.forEach(preset -> output.line(String.format("%-25s %s", preset.id(), preset.title())));
        output.result(presets);
        return 0;
    }
}
