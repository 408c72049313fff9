package io.arvid.cli;

import io.arvid.evaluate.input.PromptList;
import io.arvid.evaluate.input.Sample;
import io.arvid.evaluate.input.Samples;
import io.arvid.evaluate.suite.Evaluation;
import io.arvid.evaluate.suite.EvaluationRequest;
import io.arvid.evaluate.suite.EvaluationResult;
import io.arvid.evaluate.suite.EvaluationSettings;
import io.arvid.evaluate.suite.MetricCatalogue;
import io.arvid.evaluate.suite.MetricFiles;
import io.arvid.evaluate.suite.MetricResult;
import io.arvid.evaluate.suite.MetricSpec;
import io.arvid.record.SourceStamp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code arvid evaluate}: scores a set of videos. */
@Command(
        name = "evaluate",
        description = {
            "Scores videos, against a reference or on their own.",
            "Exit code 1 where a video could not be scored; the others are scored all the same."
        },
        subcommands = {EvaluateCompareCommand.class, EvaluateDiscriminabilityCommand.class},
        mixinStandardHelpOptions = true)
final class EvaluateCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--videos",
            paramLabel = "DIR",
            description = "Videos to score: MP4 and the like, folders of PNG frames, latents as safetensors.")
    private @Nullable Path videos;

    @Option(
            names = "--reference",
            paramLabel = "DIR",
            description = "Full-precision videos of the same prompts and noise.")
    private @Nullable Path reference;

    @Option(
            names = "--manifest",
            paramLabel = "FILE",
            description = "CSV or JSON with the columns video, reference, latents, reference_latents, prompt, name;"
                    + " without it videos of one name are paired.")
    private @Nullable Path manifest;

    @Option(names = "--prompts", paramLabel = "FILE", description = "Prompts: text (one a line), CSV or JSON.")
    private @Nullable Path prompts;

    @Option(
            names = "--metrics",
            split = ",",
            paramLabel = "NAME",
            description = "Metrics; all that the inputs and weights allow where none is named.")
    private List<String> metrics = List.of();

    @Option(
            names = "--weights",
            split = ",",
            paramLabel = "NAME=FILE|DIR",
            description = "Weights of metrics, such as fvd=i3d_torchscript.pt, or a folder with all of them.")
    private List<String> weights = List.of();

    @Option(names = "--method", paramLabel = "NAME", description = "What made the videos, such as q-arvd.")
    private String method = "";

    @Option(names = "--setting", paramLabel = "BITS", description = "Its bit widths, such as w4a8.")
    private String setting = "";

    @Option(names = "--cache", paramLabel = "DIR", description = "Keeps scores for the next run, by content.")
    private @Nullable Path cache;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "DIR",
            description = "Folder for evaluation.json and run.json; scores are kept in its cache/ without --cache.")
    private @Nullable Path folder;

    @Option(names = "--frames", paramLabel = "N", description = "Frames that every video must have.")
    private int frames = EvaluationSettings.DEFAULT.expectedFrames();

    @Option(names = "--chunk", paramLabel = "N", description = "Latent frames a chunk (${DEFAULT-VALUE}).")
    private int chunk = EvaluationSettings.DEFAULT.chunkLatentFrames();

    @Option(names = "--stride", paramLabel = "N", description = "Decoded frames a latent frame (${DEFAULT-VALUE}).")
    private int stride = EvaluationSettings.DEFAULT.stride();

    @Option(names = "--fps", paramLabel = "N", description = "Frames a second (${DEFAULT-VALUE}).")
    private double framesPerSecond = EvaluationSettings.DEFAULT.framesPerSecond();

    @Option(names = "--resamples", paramLabel = "N", description = "Draws of the bootstrap (${DEFAULT-VALUE}).")
    private int resamples = EvaluationSettings.DEFAULT.resamples();

    @Option(names = "--confidence", paramLabel = "P", description = "Level of the intervals (${DEFAULT-VALUE}).")
    private double confidence = EvaluationSettings.DEFAULT.confidence();

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the bootstrap (${DEFAULT-VALUE}).")
    private long seed = EvaluationSettings.DEFAULT.seed();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        EvaluationSettings settings = Usage.of(
                spec,
                () -> new EvaluationSettings(chunk, stride, frames, framesPerSecond, resamples, confidence, seed));
        List<String> places = Stream.concat(
                        Stream.of(Home.bundledMetrics())
                                .filter(Files::isDirectory)
                                .map(Path::toString),
                        weights.stream())
                .toList();
        MetricFiles files = Usage.of(spec, () -> MetricFiles.of(places));
        List<MetricSpec> named = Usage.of(
                spec,
                () -> metrics.stream().map(MetricCatalogue::named).distinct().toList());
        List<Sample> samples = samples();
        List<MetricSpec> chosen = named.isEmpty() ? EvaluationRequest.possible(samples, files) : named;
        EvaluationResult result = Evaluation.run(
                new EvaluationRequest(method, setting, samples, chosen, files, settings, cacheFolder()),
                Usage.text(spec),
                SourceStamp.of(Home.path()),
                output.progress());
        if (folder != null) {
            result.write(folder);
        }
        result.metrics().forEach(metric -> output.line(line(metric)));
        result.failures().forEach(failure -> output.note("arvid: " + failure));
        output.result(result);
        return result.failures().isEmpty() ? 0 : Failure.FAILED;
    }

    private List<Sample> samples() {
        if (videos == null && manifest == null) {
            throw Usage.wrong(spec, "Name the videos with --videos DIR or --manifest FILE");
        }
        Stream.of(videos, reference, manifest, prompts).filter(Objects::nonNull).forEach(MissingException::require);
        List<Sample> samples = manifest == null
                ? Samples.byName(Objects.requireNonNull(videos), reference)
                : Samples.ofManifest(manifest, videos, reference);
        return prompts == null ? samples : PromptList.read(prompts).applyTo(samples);
    }

    private @Nullable Path cacheFolder() {
        return cache == null && folder != null ? folder.resolve("cache") : cache;
    }

    private static String line(MetricResult metric) {
        boolean exact = metric.overall().low() == metric.overall().high();
        String interval = exact
                ? ""
                : "  [%.6g, %.6g]"
                        .formatted(metric.overall().low(), metric.overall().high());
        return "%-28s %12.6g%s  %d videos"
                .formatted(metric.metric(), metric.overall().mean(), interval, metric.videos());
    }
}
