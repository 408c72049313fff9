package io.arvid.evaluate.net;

import io.arvid.tensor.TensorScope;
import io.arvid.tensor.TorchScriptModule;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.CheckpointFile;
import io.arvid.weights.CheckpointFile.Group;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * Opens the weights of a metric's network in the format that they are published in: safetensors, PyTorch's zip and older formats (torchvision, lpips,
 * DINO, pyiqa, RAFT), a dict around the parameters (AMT), or a TorchScript archive (OpenAI's CLIP).
 */
public final class MetricWeights {
    /** Where training code puts a network's parameters, the likeliest first. */
    private static final List<String> USUAL_GROUPS = List.of("", "state_dict", "model", "params", "params_ema");

    private MetricWeights() {}

    /** The parameters in {@code file}; {@link CheckpointException} with one line where it holds none or several unknown sets. */
    public static WeightMap open(Path file) {
        if (isTorchScript(file)) {
            return openTorchScript(file);
        }
        List<String> groups =
                CheckpointFile.describe(file).groups().stream().map(Group::name).toList();
        return CheckpointFile.load(file, chooseGroup(file, groups), UnaryOperator.identity());
    }

    private static String chooseGroup(Path file, List<String> groups) {
        if (groups.size() == 1) {
            return groups.getFirst();
        }
        @Nullable
        String usual =
                USUAL_GROUPS.stream().filter(groups::contains).findFirst().orElse(null);
        if (usual == null) {
            throw new CheckpointException(file, "which of " + groups + " are the network's parameters?");
        }
        return usual;
    }

    private static WeightMap openTorchScript(Path file) {
        try (TensorScope scope = TensorScope.open();
                TorchScriptModule module = TorchScriptModule.load(file)) {
            return WeightMap.of(module.parameters());
        }
    }

    /** TorchScript archives are zip files with a pickle of constants beside that of the data. */
    private static boolean isTorchScript(Path file) {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            return zip.stream().anyMatch(entry -> entry.getName().endsWith("/constants.pkl"));
        } catch (IOException e) {
            return false;
        }
    }
}
