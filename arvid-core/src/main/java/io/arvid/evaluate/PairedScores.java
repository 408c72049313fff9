package io.arvid.evaluate;

import io.arvid.record.Comparison;
import io.arvid.record.Estimate;
import io.arvid.record.MetricScores;
import io.arvid.record.PairedDifference;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Scores of one quantized model against full precision, gathered prompt by prompt; only numbers are kept. Two such gatherings over the same prompts
 * can be compared with one another.
 */
public final class PairedScores {
    private final String method;
    private final String setting;
    private final ChunkFrames latentChunks;
    private final ChunkFrames videoChunks;
    private final List<FrameComparison> latentMetrics;
    private final List<FrameComparison> videoMetrics;
    private final List<VideoFeatures> setMetrics;
    private final List<String> prompts = new ArrayList<>();

    /** Per metric one array a prompt, with one number a frame. */
    private final Map<String, List<double[]>> scores = new LinkedHashMap<>();

    /** Per set metric one entry a prompt: features of the whole video and of each chunk, on both sides. */
    private final Map<String, List<List<float[]>>> references = new LinkedHashMap<>();

    private final Map<String, List<List<float[]>>> features = new LinkedHashMap<>();

    /**
     * Nothing gathered yet.
     *
     * @param method id of the method, such as {@code q-arvd}
     * @param setting bit widths, such as {@code w4a8}
     * @param latentChunks chunks in latent frames
     * @param stride decoded frames a latent frame
     * @param latentMetrics compare latents
     * @param videoMetrics compare decoded frames
     * @param setMetrics networks whose features of all videos are compared as sets
     */
    public PairedScores(
            String method,
            String setting,
            ChunkFrames latentChunks,
            int stride,
            List<FrameComparison> latentMetrics,
            List<FrameComparison> videoMetrics,
            List<VideoFeatures> setMetrics) {
        this.method = method;
        this.setting = setting;
        this.latentChunks = latentChunks;
        this.videoChunks = latentChunks.decoded(stride);
        this.latentMetrics = List.copyOf(latentMetrics);
        this.videoMetrics = List.copyOf(videoMetrics);
        this.setMetrics = List.copyOf(setMetrics);
        latentMetrics.forEach(metric -> scores.put(metric.id(), new ArrayList<>()));
        videoMetrics.forEach(metric -> scores.put(metric.id(), new ArrayList<>()));
    }

    /** Latent MSE, PSNR and SSIM. */
    public static PairedScores basic(String method, String setting, ChunkFrames latentChunks, int stride) {
        return new PairedScores(
                method,
                setting,
                latentChunks,
                stride,
                List.of(new LatentError()),
                List.of(new Psnr(), new Ssim()),
                List.of());
    }

    /** Scores one more prompt. */
    public void add(PairedRun run) {
        for (FrameComparison metric : latentMetrics) {
            scores.get(metric.id()).add(metric.perFrame(run.referenceLatents(), run.latents()));
        }
        for (FrameComparison metric : videoMetrics) {
            scores.get(metric.id()).add(metric.perFrame(run.referenceVideo(), run.video()));
        }
        for (VideoFeatures network : setMetrics) {
            references
                    .computeIfAbsent(network.id(), id -> new ArrayList<>())
                    .add(network.ofWholeAndChunks(run.referenceVideo(), videoChunks.starts()));
            features.computeIfAbsent(network.id(), id -> new ArrayList<>())
                    .add(network.ofWholeAndChunks(run.video(), videoChunks.starts()));
        }
        prompts.add(run.prompt());
    }

    /** Everything gathered, with intervals over the prompts. */
    public Comparison comparison(PairedBootstrap bootstrap) {
        List<MetricScores> metrics = new ArrayList<>();
        latentMetrics.forEach(metric -> metrics.add(summary(metric.id(), latentChunks, bootstrap)));
        videoMetrics.forEach(metric -> metrics.add(summary(metric.id(), videoChunks, bootstrap)));
        features.keySet().forEach(id -> metrics.add(distance(id, bootstrap.forDistances())));
        return new Comparison(method, setting, prompts.size(), bootstrap.level(), metrics);
    }

    /** This model's {@code metric} against {@code rival}'s over the same prompts in the same order. */
    public PairedDifference against(PairedScores rival, String metric, PairedBootstrap bootstrap) {
        if (!prompts.equals(rival.prompts)) {
            throw new IllegalArgumentException(method + " and " + rival.method + " were scored on different prompts");
        }
        return bootstrap.compare(metric, setting, method, rival.method, promptMeans(metric), rival.promptMeans(metric));
    }

    /** One number a prompt: the mean over the frames of its video. */
    public double[] promptMeans(String metric) {
        return new FrameScores(gathered(metric)).videoMeans();
    }

    private MetricScores summary(String metric, ChunkFrames chunks, PairedBootstrap bootstrap) {
        List<Estimate> perChunk = IntStream.range(0, chunks.count())
                .mapToObj(chunk -> bootstrap.mean(gathered(metric).stream()
                        .mapToDouble(perFrame -> chunks.mean(perFrame, chunk))
                        .toArray()))
                .toList();
        return new MetricScores(metric, bootstrap.mean(promptMeans(metric)), perChunk);
    }

    private MetricScores distance(String id, PairedBootstrap bootstrap) {
        List<Estimate> parts = IntStream.rangeClosed(0, videoChunks.count())
                .mapToObj(part -> {
                    try (TensorScope scope = TensorScope.open()) {
                        return FrechetDistance.between(
                                matrix(references.get(id), part), matrix(features.get(id), part), bootstrap);
                    }
                })
                .toList();
        return new MetricScores(id, parts.getFirst(), parts.subList(1, parts.size()));
    }

    private static Tensor matrix(List<List<float[]>> features, int part) {
        return Ops.stack(
                0,
                features.stream()
                        .map(video -> Tensors.of(video.get(part), video.get(part).length))
                        .toList());
    }

    private List<double[]> gathered(String metric) {
        List<double[]> found = scores.get(metric);
        if (found == null) {
            throw new IllegalArgumentException(
                    "no metric '" + metric + "'; there are " + String.join(", ", scores.keySet()));
        }
        return found;
    }
}
