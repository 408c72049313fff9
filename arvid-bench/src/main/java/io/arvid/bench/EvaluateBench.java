package io.arvid.bench;

import io.arvid.evaluate.FrechetDistance;
import io.arvid.evaluate.net.Lpips;
import io.arvid.evaluate.net.LpipsTrunk;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleSupplier;
import org.bytedeco.pytorch.Tensor;

/**
 * Times metrics when told to, so that a rival can take turns: {@code EvaluateBench FOLDER THREADS} writes random AlexNet weights, two frames and two sets of
 * features to {@code FOLDER/evaluate.safetensors}, says {@code ready}, and answers each line {@code lpips} or {@code fvd} with milliseconds and value.
 */
public final class EvaluateBench {
    private static final int HEIGHT = 480;
    private static final int WIDTH = 832;
    private static final int VIDEOS = 946;
    private static final int FEATURES = 400;
    private static final int[][] KERNELS = {
        {0, 64, 3, 11}, {3, 192, 64, 5}, {6, 384, 192, 3}, {8, 256, 384, 3}, {10, 256, 256, 3}
    };

    private EvaluateBench() {}

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        Torch.setThreads(Integer.parseInt(args[1]));
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> tensors = tensors();
            SafetensorsWriter.write(Path.of(args[0]).resolve("evaluate.safetensors"), tensors, Map.of());
            WeightMap weights = WeightMap.of(tensors);
            try (Lpips lpips = new Lpips(LpipsTrunk.ALEX, weights, weights, "0.1")) {
                System.out.println("ready");
                serve(tensors, lpips);
            }
        }
    }

    private static void serve(Map<String, Tensor> tensors, Lpips lpips) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            DoubleSupplier work = line.equals("lpips")
                    ? () -> lpips.perFrame(tensors.get("first"), tensors.get("second"))[0]
                    : () -> FrechetDistance.between(tensors.get("features1"), tensors.get("features2"));
            long began = System.nanoTime();
            double value = Torch.withoutGradients(work::getAsDouble);
            System.out.printf(Locale.ROOT, "%.3f %.9g%n", (System.nanoTime() - began) / 1e6, value);
        }
    }

    private static Map<String, Tensor> tensors() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (Seeds seeds = new Seeds(5)) {
            for (int stage = 0; stage < KERNELS.length; stage++) {
                int[] k = KERNELS[stage];
                double scale = Math.sqrt(2.0 / (k[2] * k[3] * k[3]));
                tensors.put("features." + k[0] + ".weight", Ops.mul(seeds.normal(k[1], k[2], k[3], k[3]), scale));
                tensors.put("features." + k[0] + ".bias", Ops.mul(seeds.normal(k[1]), 0.1));
                tensors.put("lin" + stage + ".model.1.weight", seeds.uniform(1, k[1], 1, 1));
            }
            tensors.put("first", seeds.uniform(1, 3, HEIGHT, WIDTH));
            tensors.put("second", seeds.uniform(1, 3, HEIGHT, WIDTH));
            tensors.put("features1", seeds.normal(VIDEOS, FEATURES));
            tensors.put("features2", Ops.add(seeds.normal(VIDEOS, FEATURES), 0.1));
        }
        return tensors;
    }
}
