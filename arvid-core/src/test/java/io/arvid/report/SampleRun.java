package io.arvid.report;

import io.arvid.record.ChannelNorms;
import io.arvid.record.Comparison;
import io.arvid.record.Estimate;
import io.arvid.record.Findings;
import io.arvid.record.LayerOutliers;
import io.arvid.record.MachineStamp;
import io.arvid.record.MetricScores;
import io.arvid.record.ModelSize;
import io.arvid.record.PairedDifference;
import io.arvid.record.RecipeStamp;
import io.arvid.record.RunRecord;
import io.arvid.record.Sensitivity;
import io.arvid.record.SourceStamp;
import io.arvid.record.StageRecord;
import io.arvid.record.VideoSet;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.video.ContactSheet;
import io.arvid.video.Frames;
import io.arvid.video.VideoEncoding;
import io.arvid.video.VideoFile;
import io.arvid.weights.FileHash;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** A made-up run with everything that a report can show; its figures are invented and look about right. */
final class SampleRun {
    private static final List<String> SETTINGS = List.of("w8a8", "w4a8", "w4a6");
    private static final int CHUNKS = 7;
    private static final int SIZE = 64;
    private static final double FRAMES_PER_SECOND = 16;
    private static final double AMPLIFICATION = 6;

    private final RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    private final Path folder;
    private final int frames;

    private SampleRun(Path folder, int frames) {
        this.folder = folder;
        this.frames = frames;
    }

    /** Makes the run in {@code folder}, with videos of {@code frames} frames. */
    static RunFolder write(Path folder, int videoSets, int frames) {
        SampleRun sample = new SampleRun(folder, frames);
        return RunFolder.write(folder, sample.record(videoSets));
    }

    private RunRecord record(int videoSets) {
        Findings findings = new Findings(
                videos(videoSets),
                comparisons(),
                differences(),
                sensitivities(),
                channelNorms(),
                layerOutliers(),
                sizes());
        return new RunRecord(
                "arvid demo --prompts 16",
                "2026-11-21T22:00:00Z",
                new SourceStamp("96e5e62c0d9f1e7a3b5d8c4f2a1b0e9d8c7f6a5b", false),
                "shapes",
                FileHash.of("weights"),
                SETTINGS.stream()
                        .map(setting -> new RecipeStamp(
                                "q-arvd-" + setting, "q-arvd", setting, FileHash.brief(FileHash.of(setting))))
                        .toList(),
                Map.of("noise", 42L, "calibration", 0L, "bootstrap", 7L),
                MachineStamp.here(),
                List.of(
                        new StageRecord("full-precision videos", 16, 24.1, 1_240_000_000L),
                        new StageRecord("sensitivity at W4A8", 56, 71.4, 1_310_000_000L),
                        new StageRecord("calibrate", 3, 11.8, 1_900_000_000L),
                        new StageRecord("reconstruct layers", 120, 88.0, 2_430_000_000L),
                        new StageRecord("quantized videos", 96, 61.9, 1_500_000_000L),
                        new StageRecord("measure and draw", 96, 6.3, 900_000_000L)),
                findings);
    }

    private static Estimate around(double mean, double relative) {
        return new Estimate(mean, mean - relative * Math.abs(mean), mean + relative * Math.abs(mean));
    }

    private List<Comparison> comparisons() {
        List<Comparison> comparisons = new ArrayList<>();
        for (int s = 0; s < SETTINGS.size(); s++) {
            for (String method : List.of("minmax", "q-arvd")) {
                double factor = method.equals("q-arvd") ? 0.42 + 0.1 * s : 1;
                double error = factor * new double[] {0.0031, 0.021, 0.060}[s];
                List<Estimate> mse = new ArrayList<>();
                List<Estimate> psnr = new ArrayList<>();
                List<Estimate> ssim = new ArrayList<>();
                for (int k = 0; k < CHUNKS; k++) {
                    double here = error * (0.55 + 0.16 * k) * random.nextDouble(0.95, 1.05);
                    mse.add(around(here, 0.18));
                    psnr.add(around(-10 * Math.log10(here / 3), 0.03));
                    ssim.add(around(1 - 2.5 * Math.sqrt(here / 12), 0.02));
                }
                comparisons.add(new Comparison(
                        method,
                        SETTINGS.get(s),
                        16,
                        0.95,
                        List.of(
                                new MetricScores("latent-mse", around(error, 0.15), mse),
                                new MetricScores("psnr", around(-10 * Math.log10(error / 3), 0.03), psnr),
                                new MetricScores("ssim", around(1 - 2.5 * Math.sqrt(error / 12), 0.02), ssim))));
            }
        }
        return comparisons;
    }

    private List<PairedDifference> differences() {
        return IntStream.range(0, SETTINGS.size())
                .mapToObj(s -> new PairedDifference(
                        "latent-mse",
                        SETTINGS.get(s),
                        "q-arvd",
                        "minmax",
                        16,
                        0.95,
                        around(-0.0018 * (1 + 4 * s), 0.2),
                        around(0.42 + 0.1 * s, 0.12)))
                .toList();
    }

    private static List<Sensitivity> sensitivities() {
        double[][] shares = {
            {0.58, 0.17, 0.10, 0.07, 0.04, 0.025, 0.015},
            {0.5462, 0.1668, 0.1189, 0.0789, 0.0534, 0.0263, 0.0095},
            {0.47, 0.20, 0.13, 0.09, 0.06, 0.035, 0.015}
        };
        return IntStream.range(0, shares.length)
                .mapToObj(s -> new Sensitivity(
                        SETTINGS.get(s),
                        8,
                        IntStream.range(0, CHUNKS)
                                .mapToObj(k -> around(shares[s][k], 0.15))
                                .toList(),
                        s == 1 ? 0.27 : 0,
                        -1))
                .toList();
    }

    private List<ChannelNorms> channelNorms() {
        return List.of(
                norms("blocks.3.ffn.2", 768, 19, 32),
                norms("blocks.5.self_attn.o", 192, 6, 32),
                norms("blocks.2.cross_attn.v", 192, 0, 0));
    }

    private ChannelNorms norms(String site, int channels, int outliers, int separated) {
        List<Double> norms = new ArrayList<>();
        for (int i = 0; i < channels; i++) {
            norms.add(i < outliers ? 1.6 + 2.4 * Math.pow(random.nextDouble(), 2) : 1 + 0.08 * random.nextGaussian());
        }
        norms.sort(Comparator.reverseOrder());
        return new ChannelNorms(site, norms, 1.34, outliers, separated);
    }

    private List<LayerOutliers> layerOutliers() {
        Map<String, Double> chance = Map.of("ffn.2", 1.0, "ffn.0", 0.5, "self_attn.o", 0.7, "cross_attn.v", 0.0);
        List<LayerOutliers> layers = new ArrayList<>();
        for (int block = 0; block < 8; block++) {
            for (String role : List.of(
                    "self_attn.q",
                    "self_attn.k",
                    "self_attn.v",
                    "self_attn.o",
                    "cross_attn.q",
                    "cross_attn.k",
                    "cross_attn.v",
                    "cross_attn.o",
                    "ffn.0",
                    "ffn.2")) {
                int channels = role.equals("ffn.2") ? 768 : 192;
                boolean has = random.nextDouble() < chance.getOrDefault(role, 0.3);
                layers.add(new LayerOutliers(
                        "blocks." + block + "." + role,
                        role,
                        block,
                        channels,
                        has ? random.nextInt(1, 4 + channels / 40) : 0));
            }
        }
        return layers;
    }

    private static List<ModelSize> sizes() {
        long parameters = 6_400_000;
        return List.of(
                new ModelSize("full-precision", "bf16", 2 * parameters, parameters),
                new ModelSize("minmax", "w8a8", 6_900_000, parameters),
                new ModelSize("q-arvd", "w8a8", 6_950_000, parameters),
                new ModelSize("minmax", "w4a8", 3_700_000, parameters),
                new ModelSize("q-arvd", "w4a8", 3_760_000, parameters));
    }

    private List<VideoSet> videos(int count) {
        List<String> prompts = List.of(
                "a large red circle moving left quickly and a small blue square moving up slowly on a navy background",
                "a small green triangle moving right slowly on a grey background");
        List<VideoSet> sets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sets.add(videoSet(i, prompts.get(i)));
        }
        return sets;
    }

    private VideoSet videoSet(int index, String prompt) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor reference = video(index, 0);
            List<VideoSet.Clip> clips = new ArrayList<>();
            List<ContactSheet.Row> rows = new ArrayList<>();
            clips.add(new VideoSet.Clip("full-precision", "bf16", encode("fp-" + index, reference), null, 1));
            rows.add(new ContactSheet.Row("Full precision", reference));
            for (String setting : List.of("w8a8", "w4a8")) {
                for (String method : List.of("minmax", "q-arvd")) {
                    double noise = (method.equals("minmax") ? 0.05 : 0.02) * (setting.equals("w4a8") ? 2 : 1);
                    Tensor video = video(index, noise);
                    String name = method + "-" + setting + "-" + index;
                    clips.add(new VideoSet.Clip(
                            method,
                            setting,
                            encode(name, video),
                            encode(name + "-difference", Frames.difference(reference, video, AMPLIFICATION)),
                            AMPLIFICATION));
                    rows.add(new ContactSheet.Row(method + " " + setting, video));
                }
            }
            String sheet = "contact-sheet-" + index + ".png";
            ContactSheet.write(folder.resolve(sheet), rows, 8);
            List<Integer> starts = IntStream.range(0, CHUNKS)
                    .mapToObj(k -> k == 0 ? 0 : 12 * k - 3)
                    .filter(start -> start < frames)
                    .toList();
            return new VideoSet(prompt, 42 + index, FRAMES_PER_SECOND, starts, clips, sheet);
        }
    }

    private String encode(String name, Tensor video) {
        String file = name + ".mp4";
        VideoFile.write(folder.resolve(file), Frames.enlarge(video, 4), FRAMES_PER_SECOND, VideoEncoding.MP4);
        return file;
    }

    /** A disc and a square on their ways, with an error that grows over time. */
    private Tensor video(int index, double noise) {
        float[] values = new float[frames * 3 * SIZE * SIZE];
        double[][] colours = {{0.08, 0.12, 0.32}, {0.86, 0.22, 0.18}, {0.20, 0.42, 0.85}};
        int i = 0;
        for (int t = 0; t < frames; t++) {
            double drift = 40 * noise * t / frames;
            double discX = 48 - 34 * Math.sin(Math.PI * t / 40 + index) + drift;
            double squareY = 40 - 20 * Math.sin(Math.PI * t / 80 + index) - drift;
            for (int c = 0; c < 3; c++) {
                for (int y = 0; y < SIZE; y++) {
                    for (int x = 0; x < SIZE; x++) {
                        double disc = Math.clamp(12.5 - Math.hypot(x - discX, y - 24), 0, 1);
                        double square = Math.clamp(7.5 - Math.max(Math.abs(x - 16), Math.abs(y - squareY)), 0, 1);
                        double value = colours[0][c] * (1 - disc) * (1 - square)
                                + colours[1][c] * disc
                                + colours[2][c] * square * (1 - disc);
                        values[i++] = (float) (value + noise * 0.15 * random.nextGaussian());
                    }
                }
            }
        }
        return Tensors.of(values, frames, 3, SIZE, SIZE);
    }
}
