package io.arvid.bench;

import io.arvid.model.LinearSite;
import io.arvid.pack.PackedModelFile;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.ModelFolder;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Which layers of a packed model do the damage: {@code DamageBench MODEL PACKED [PROMPTS]}. Mean squared difference of the final latents to full
 * precision, over held-out prompts, with all layers quantized and with one kind of layer alone.
 */
public final class DamageBench {
    private DamageBench() {}

    /** Runs it. */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        Torch.setThreads(1);
        int count = args.length > 2 ? Integer.parseInt(args[2]) : 8;
        List<String> prompts = new ShapesWorld(WorldSpec.DEFAULT).heldOutPrompts(count, 1);
        Torch.withoutGradients(() -> {
            try (ModelFolder model = ModelFolder.open(Path.of(args[0]));
                    Generator generator = new Generator(model);
                    PackedModelFile packed = PackedModelFile.open(Path.of(args[1]));
                    QuantPlan plan = packed.plan();
                    FakeQuantForward quantized = new FakeQuantForward(model.transformer(), plan);
                    TensorScope scope = TensorScope.open()) {
                GeneratorRollouts rollouts = new GeneratorRollouts(generator, prompts, 0);
                List<Tensor> exact = IntStream.range(0, count)
                        .mapToObj(prompt ->
                                rollouts.latents(prompt, model.transformer().fullPrecision()))
                        .toList();
                kinds(plan).forEach((name, kind) -> {
                    double sum = 0;
                    for (int prompt = 0; prompt < count; prompt++) {
                        sum += difference(rollouts, prompt, quantized, kind, exact.get(prompt));
                    }
                    System.out.printf("%-24s %.5f%n", name, sum / count);
                });
            }
            return 0;
        });
    }

    /** All layers, those that see only the prompt, the others, and the layers of each role. */
    private static Map<String, Predicate<LinearSite>> kinds(QuantPlan plan) {
        Map<String, Predicate<LinearSite>> kinds = new LinkedHashMap<>();
        kinds.put("all", site -> true);
        kinds.put("text path", site -> site.role().isTextPath());
        kinds.put("all but the text path", site -> !site.role().isTextPath());
        plan.layers().keySet().forEach(site -> kinds.put(site.role().suffix(), each -> each.role() == site.role()));
        return kinds;
    }

    private static double difference(
            GeneratorRollouts rollouts,
            int prompt,
            FakeQuantForward quantized,
            Predicate<LinearSite> kind,
            Tensor exact) {
        List<Double> found = new ArrayList<>();
        TensorScope.runAndFree(() -> {
            Tensor latents = rollouts.latents(prompt, quantized.where((site, step) -> kind.test(site)));
            Tensor error = latents.sub(exact);
            found.add(Tensors.item(error.mul_(error).sum()) / exact.numel());
        });
        return found.getFirst();
    }
}
