package io.arvid.tensor;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.NamedTensor;
import org.bytedeco.pytorch.StringIValueMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.named_parameter_iterator;
import org.bytedeco.pytorch.named_parameter_list;

/** A network that a user supplies as a TorchScript file, on the CPU and in evaluation mode. */
public final class TorchScriptModule implements AutoCloseable {
    private final Path file;
    private final JitModule module;

    private TorchScriptModule(Path file, JitModule module) {
        this.file = file;
        this.module = module;
    }

    /** Loads {@code file}; {@code IllegalArgumentException} with one line where it is no TorchScript file. */
    public static TorchScriptModule load(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + ": no such file");
        }
        try (TensorScope scope = TensorScope.open()) {
            JitModule module = torch.load(file.toString(), new DeviceOptional(new Device("cpu")), false);
            module.eval();
            return new TorchScriptModule(file, TensorScope.own(module));
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(file + ": not a TorchScript file: " + Torch.message(e), e);
        }
    }

    /** Runs the module on one tensor and named flags; the result must be one tensor, and carries no gradient. */
    public Tensor forward(Tensor input, Map<String, Boolean> flags) {
        try (TensorScope scope = TensorScope.open()) {
            StringIValueMap named = new StringIValueMap();
            flags.forEach((name, value) -> named.put(new BytePointer(name), new IValue((boolean) value)));
            IValue result = module.forward(new IValueVector(new IValue(input)), named);
            if (!result.isTensor()) {
                throw new IllegalArgumentException(file + ": the module does not return one tensor");
            }
            return scope.keep(result.toTensor().detach());
        }
    }

    /** Its parameters by name, in file order; they belong to the open scope and share memory with the module. */
    public SequencedMap<String, Tensor> parameters() {
        SequencedMap<String, Tensor> parameters = new LinkedHashMap<>();
        named_parameter_list list = module.named_parameters();
        named_parameter_iterator end = list.end();
        for (named_parameter_iterator at = list.begin(); at.notEquals(end); at = at.increment()) {
            NamedTensor parameter = at.access();
            parameters.put(parameter.name().getString(), parameter.value().detach());
        }
        return parameters;
    }

    @Override
    public void close() {
        module.close();
    }
}
