package io.arvid.cli;

import io.arvid.tensor.Devices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The option that names what computes. */
final class DeviceOption {
    static final String NAME = "--device";

    @Option(
            names = NAME,
            paramLabel = "NAME",
            defaultValue = "cpu",
            description = "What computes: cpu, cuda or cuda:n (default: ${DEFAULT-VALUE}).")
    private String device = "cpu";

    /**
     * Computes on the device that was asked for.
     *
     * @param verb whose option it is
     * @throws ParameterException where it is not there
     */
    void use(@Nullable CommandSpec verb) {
        Devices.use(Usage.of(verb, () -> Devices.of(device)));
    }
}
