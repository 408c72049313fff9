package io.arvid.evaluate.suite;

import static io.arvid.evaluate.Direction.HIGHER_IS_BETTER;
import static io.arvid.evaluate.Direction.LOWER_IS_BETTER;
import static io.arvid.evaluate.vbench.VBenchAggregation.OVER_FRAMES;
import static io.arvid.evaluate.vbench.VBenchAggregation.OVER_VIDEOS;

import io.arvid.evaluate.ColorDrift;
import io.arvid.evaluate.Direction;
import io.arvid.evaluate.FrameComparison;
import io.arvid.evaluate.FvdFeatures;
import io.arvid.evaluate.LatentCosine;
import io.arvid.evaluate.LatentError;
import io.arvid.evaluate.Psnr;
import io.arvid.evaluate.Sharpness;
import io.arvid.evaluate.Ssim;
import io.arvid.evaluate.TemporalFlicker;
import io.arvid.evaluate.VideoMetric;
import io.arvid.evaluate.net.AestheticHead;
import io.arvid.evaluate.net.AmtS;
import io.arvid.evaluate.net.ClipImageEncoder;
import io.arvid.evaluate.net.DinoEncoder;
import io.arvid.evaluate.net.Lpips;
import io.arvid.evaluate.net.LpipsTrunk;
import io.arvid.evaluate.net.Musiq;
import io.arvid.evaluate.net.Raft;
import io.arvid.evaluate.shapes.ClipNetwork;
import io.arvid.evaluate.shapes.ShapesMetrics;
import io.arvid.evaluate.shapes.ShapesMetricsTraining;
import io.arvid.evaluate.vbench.AestheticQuality;
import io.arvid.evaluate.vbench.DynamicDegree;
import io.arvid.evaluate.vbench.FeatureConsistency;
import io.arvid.evaluate.vbench.ImagingQuality;
import io.arvid.evaluate.vbench.MotionSmoothness;
import io.arvid.evaluate.vbench.VBenchAggregation;
import io.arvid.weights.NearestName;
import java.util.List;

/** Every metric that {@code arvid evaluate} knows. */
public final class MetricCatalogue {
    /** RAFT refines its flow this often in VBench. */
    private static final int RAFT_ITERATIONS = 20;

    private static final WeightSlot I3D = WeightSlot.of("fvd", "i3d_torchscript.pt");
    private static final WeightSlot DINO = WeightSlot.of("dino", "dino_vitbase16_pretrain.pth");
    private static final WeightSlot CLIP_B32 = WeightSlot.of("clip-b32", "ViT-B-32.pt");
    private static final WeightSlot CLIP_L14 = WeightSlot.of("clip-l14", "ViT-L-14.pt");
    private static final WeightSlot AESTHETIC_HEAD = WeightSlot.of("aesthetic-head", "sa_0_4_vit_l_14_linear.pth");
    private static final WeightSlot AMT = WeightSlot.of("amt-s", "amt-s.pth");
    private static final WeightSlot MUSIQ = WeightSlot.of("musiq", "musiq_spaq_ckpt-358bb6af.pth");
    /** Ending of the ids of the metrics whose networks arvid trains on the shapes world; they stand in where the papers' weights are absent. */
    private static final String SHAPES = "-shapes";

    private static final WeightSlot CLIP_NETWORK = WeightSlot.of("fvd" + SHAPES, ShapesMetricsTraining.CLIP_FILE);
    private static final WeightSlot FRAME_NETWORK = WeightSlot.of("lpips" + SHAPES, ShapesMetricsTraining.FRAME_FILE);
    private static final WeightSlot RAFT = WeightSlot.of("raft", "raft-things.pth");

    /** All metrics: against a reference, VBench, without weights, on the bundled world. */
    public static final List<MetricSpec> ALL = List.of(
            fvd(),
            lpips(
                    LpipsTrunk.ALEX,
                    WeightSlot.of("lpips-alex", "lpips_alex.pth", "alex.pth"),
                    WeightSlot.optional("alexnet", "alexnet-owt-7be5be79.pth", "alexnet-owt-4df8aa71.pth")),
            lpips(
                    LpipsTrunk.VGG,
                    WeightSlot.of("lpips-vgg", "lpips_vgg.pth", "vgg.pth"),
                    WeightSlot.optional("vgg16", "vgg16-397923af.pth")),
            lpips(
                    LpipsTrunk.SQUEEZE,
                    WeightSlot.of("lpips-squeeze", "lpips_squeeze.pth", "squeeze.pth"),
                    WeightSlot.optional("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth", "squeezenet1_1-f364aa15.pth")),
            fvdShapes(),
            lpipsShapes(),
            comparison(new Psnr(), MetricInput.FRAME_PAIR, Psnr.IDENTICAL),
            comparison(new Ssim(), MetricInput.FRAME_PAIR, 1),
            comparison(new LatentError(), MetricInput.LATENT_PAIR, 0),
            comparison(new LatentCosine(), MetricInput.LATENT_PAIR, 1),
            network("subject_consistency", OVER_FRAMES, List.of(DINO), (files, settings) -> {
                DinoEncoder dino = files.load(DINO, DinoEncoder::new);
                return Scorer.ofVideo(FeatureConsistency.subject(dino, OVER_FRAMES), dino);
            }),
            network("background_consistency", OVER_FRAMES, List.of(CLIP_B32), (files, settings) -> {
                ClipImageEncoder clip = files.load(CLIP_B32, ClipImageEncoder::new);
                return Scorer.ofVideo(FeatureConsistency.background(clip), clip);
            }),
            network("motion_smoothness", OVER_VIDEOS, List.of(AMT), (files, settings) -> {
                AmtS amt = files.load(AMT, AmtS::new);
                return Scorer.ofVideo(new MotionSmoothness(amt), amt);
            }),
            network("aesthetic_quality", OVER_VIDEOS, List.of(CLIP_L14, AESTHETIC_HEAD), (files, settings) -> {
                ClipImageEncoder clip = files.load(CLIP_L14, ClipImageEncoder::new);
                AestheticHead head = files.load(AESTHETIC_HEAD, AestheticHead::new);
                return Scorer.ofVideo(new AestheticQuality(clip, head), clip, head);
            }),
            network("imaging_quality", OVER_VIDEOS, List.of(MUSIQ), (files, settings) -> {
                Musiq musiq = files.load(MUSIQ, Musiq::new);
                return Scorer.ofVideo(new ImagingQuality(musiq), musiq);
            }),
            network("dynamic_degree", OVER_VIDEOS, List.of(RAFT), (files, settings) -> {
                Raft raft = files.load(RAFT, file -> new Raft(file, RAFT_ITERATIONS));
                DynamicDegree metric = new DynamicDegree(raft, settings.framesPerSecond());
                return Scorer.of(subject -> Scores.whole(metric.perFrame(subject.frames())), raft);
            }),
            alone(new TemporalFlicker()),
            alone(new Sharpness()),
            alone(new ColorDrift()),
            new MetricSpec(
                    SemanticTask.ID,
                    MetricInput.PROMPTED_FRAMES,
                    HIGHER_IS_BETTER,
                    Double.NaN,
                    OVER_VIDEOS,
                    List.of(),
                    (files, settings) -> Scorer.of(
                            subject -> Scores.whole(SemanticTask.check(subject.frames(), subject.prompt())))));

    private MetricCatalogue() {}

    /** The metric called {@code name}; {@code lpips} is {@code lpips-alex}. */
    public static MetricSpec named(String name) {
        return ALL.stream()
                .filter(metric -> metric.id().equals(canonical(name)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no metric '" + name + "'; the nearest is '"
                        + NearestName.of(name, ids()) + "'; there are " + String.join(", ", ids())));
    }

    /** True where {@code metric} compares videos with references. */
    public static boolean isAgainstReference(String metric) {
        return ALL.stream().filter(spec -> spec.id().equals(metric)).anyMatch(spec -> switch (spec.input()) {
            case FRAME_PAIR, LATENT_PAIR, FEATURES -> true;
            case FRAMES, PROMPTED_FRAMES -> false;
        });
    }

    static String canonical(String name) {
        return name.equals("lpips") ? "lpips-alex" : name;
    }

    private static List<String> ids() {
        return ALL.stream().map(MetricSpec::id).toList();
    }

    /** True where {@code metric} stands in for one that {@code others} hold. */
    static boolean isReplaced(MetricSpec metric, List<MetricSpec> others) {
        return metric.id().endsWith(SHAPES)
                && others.stream()
                        .map(MetricSpec::id)
                        .anyMatch(id -> !id.endsWith(SHAPES)
                                && id.startsWith(
                                        metric.id().substring(0, metric.id().length() - SHAPES.length())));
    }

    private static MetricSpec fvd() {
        return distance("fvd", I3D, (files, settings) -> Scorer.ofFeatures(new FvdFeatures(files.file(I3D)), settings));
    }

    private static MetricSpec fvdShapes() {
        return distance(
                "fvd" + SHAPES,
                CLIP_NETWORK,
                (files, settings) -> Scorer.ofFeatures(files.load(CLIP_NETWORK, ClipNetwork::new), settings));
    }

    private static MetricSpec distance(String id, WeightSlot network, MetricSpec.Builder builder) {
        return new MetricSpec(id, MetricInput.FEATURES, LOWER_IS_BETTER, 0, OVER_VIDEOS, List.of(network), builder);
    }

    private static MetricSpec lpipsShapes() {
        return new MetricSpec(
                "lpips" + SHAPES,
                MetricInput.FRAME_PAIR,
                LOWER_IS_BETTER,
                0,
                OVER_VIDEOS,
                List.of(FRAME_NETWORK),
                (files, settings) -> {
                    Lpips lpips = files.load(FRAME_NETWORK, ShapesMetrics::lpips);
                    return Scorer.ofFrames(lpips, lpips);
                });
    }

    /** The trunk's parameters may lie in the file of the heads: that of a whole saved LPIPS module. */
    private static MetricSpec lpips(LpipsTrunk trunk, WeightSlot heads, WeightSlot classifier) {
        return new MetricSpec(
                "lpips-" + trunk.id(),
                MetricInput.FRAME_PAIR,
                LOWER_IS_BETTER,
                0,
                OVER_VIDEOS,
                List.of(heads, classifier),
                (files, settings) -> {
                    Lpips lpips = files.load(
                            files.has(classifier) ? classifier : heads,
                            trunkWeights -> files.load(
                                    heads, headWeights -> new Lpips(trunk, trunkWeights, headWeights, "0.1")));
                    return Scorer.ofFrames(lpips, lpips);
                });
    }

    private static MetricSpec comparison(FrameComparison metric, MetricInput input, double identical) {
        return new MetricSpec(
                metric.id(),
                input,
                metric.direction(),
                identical,
                OVER_VIDEOS,
                List.of(),
                (files, settings) ->
                        input == MetricInput.LATENT_PAIR ? Scorer.ofLatents(metric) : Scorer.ofFrames(metric));
    }

    private static MetricSpec alone(VideoMetric metric) {
        return spec(
                metric.id(), metric.direction(), OVER_VIDEOS, List.of(), (files, settings) -> Scorer.ofVideo(metric));
    }

    private static MetricSpec network(
            String id, VBenchAggregation aggregation, List<WeightSlot> slots, MetricSpec.Builder builder) {
        return spec(id, HIGHER_IS_BETTER, aggregation, slots, builder);
    }

    private static MetricSpec spec(
            String id,
            Direction direction,
            VBenchAggregation aggregation,
            List<WeightSlot> slots,
            MetricSpec.Builder builder) {
        return new MetricSpec(id, MetricInput.FRAMES, direction, Double.NaN, aggregation, slots, builder);
    }
}
