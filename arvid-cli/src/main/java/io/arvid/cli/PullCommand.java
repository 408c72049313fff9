package io.arvid.cli;

import io.arvid.evaluate.suite.MetricFiles;
import io.arvid.rollout.preset.Presets;
import io.arvid.rollout.preset.RemoteFile;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.pull.Pull;
import io.arvid.weights.pull.RemoteEntry;
import io.arvid.weights.pull.RemoteRepository;
import io.arvid.weights.pull.Server;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code arvid pull}: fetches the files of a model. The only verb that uses the network. */
@Command(
        name = "pull",
        description = {
            "Fetches a model's files from a Hugging Face compatible server: in parallel, resumably, checked against its checksums.",
            "An access token is read from the environment variable HF_TOKEN."
        },
        mixinStandardHelpOptions = true)
final class PullCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    private static final String METRICS = "metrics";

    @Parameters(
            index = "0",
            paramLabel = "MODEL",
            description =
                    "A preset, such as self-forcing, with all files that it needs; metrics, the weights of 'arvid evaluate' that "
                            + "lie on such servers, with a list of the others; or a repository, owner/name.")
    private String model = "";

    @Parameters(
            index = "1..*",
            paramLabel = "FILE",
            description = "Files of the repository, or patterns such as '*.safetensors'; all where none is named."
                    + " The index of shards comes with them.")
    private List<String> patterns = List.of();

    @Option(
            names = {"-o", "--output", "--to"},
            paramLabel = "DIR",
            required = true,
            description = "The folder to write.")
    private Path folder = Path.of(".");

    @Option(
            names = "--endpoint",
            paramLabel = "URL",
            defaultValue = "${env:HF_ENDPOINT:-https://huggingface.co}",
            description = "The server (default: ${DEFAULT-VALUE}; environment variable HF_ENDPOINT).")
    private URI endpoint = URI.create("https://huggingface.co");

    @Option(
            names = "--revision",
            paramLabel = "REV",
            description = "Branch, tag or commit of the one repository that is named (default: main).")
    private @Nullable String revision;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "4",
            description = "Connections at a time (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(names = "--dry-run", description = "List the files and their sizes, and stop.")
    private boolean dryRun;

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        @Nullable String token = System.getenv("HF_TOKEN");
        Server server = new Server(endpoint, token, Server.Patience.NORMAL);
        SequencedMap<String, List<String>> wanted = wanted();
        if (revision != null && wanted.size() > 1) {
            throw new IllegalArgumentException("--revision is of one repository, and '" + model + "' has files of "
                    + String.join(", ", wanted.keySet()) + "; pull each by its name");
        }
        List<Map<String, Object>> results = new ArrayList<>();
        wanted.forEach((name, wantedFiles) -> {
            RemoteRepository repository = new RemoteRepository(server, name, revision == null ? "main" : revision);
            results.addAll(fetch(repository, chosen(repository, wantedFiles)));
        });
        if (model.equals(METRICS)) {
            output.line("published elsewhere, to be put into " + folder + " by hand:");
            MetricFiles.PUBLISHED_ELSEWHERE.forEach(line -> output.line("  " + line));
        }
        output.result(results);
        return 0;
    }

    /** Repositories with the patterns of their files; no pattern stands for all files. */
    private SequencedMap<String, List<String>> wanted() {
        SequencedMap<String, List<String>> wanted = new LinkedHashMap<>();
        if (model.contains("/") && !model.endsWith(".json")) {
            wanted.put(model, patterns);
            return wanted;
        }
        if (!patterns.isEmpty()) {
            throw new IllegalArgumentException("files are chosen from a repository, owner/name; '" + model
                    + "' has its own: leave out " + String.join(" ", patterns));
        }
        for (RemoteFile file : model.equals(METRICS)
                ? MetricFiles.PUBLISHED
                : Usage.of(spec, () -> Presets.find(model)).files()) {
            wanted.computeIfAbsent(file.repository(), name -> new ArrayList<>()).add(file.path());
        }
        return wanted;
    }

    /** What {@code patterns} name, and the indexes of the shards among it, without which they are not read. */
    private static List<RemoteEntry> chosen(RemoteRepository repository, List<String> patterns) {
        List<RemoteEntry> all = repository.list();
        LinkedHashSet<RemoteEntry> chosen = new LinkedHashSet<>(patterns.isEmpty() ? all : List.of());
        for (String pattern : patterns) {
            PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
            List<RemoteEntry> matching = all.stream()
                    .filter(entry -> entry.path().equals(pattern) || matcher.matches(Path.of(entry.path())))
                    .toList();
            if (matching.isEmpty()) {
                throw new MissingException(repository.name() + ": no file '" + pattern + "'");
            }
            chosen.addAll(matching);
        }
        for (RemoteEntry entry : List.copyOf(chosen)) {
            String index = SafetensorsFile.indexOfShard(entry.path());
            all.stream().filter(other -> other.path().equals(index)).forEach(chosen::add);
        }
        return List.copyOf(chosen);
    }

    private List<Map<String, Object>> fetch(RemoteRepository repository, List<RemoteEntry> entries) {
        List<Pull.Outcome> outcomes = dryRun
                ? List.of()
                : new Pull(repository, folder, connections, Pull.SEGMENT_BYTES).fetch(entries, output.progress());
        List<Map<String, Object>> results = new ArrayList<>();
        for (int i = 0; i < entries.size(); i++) {
            RemoteEntry entry = entries.get(i);
            String outcome = dryRun ? "listed" : outcomes.get(i) == Pull.Outcome.FETCHED ? "fetched" : "already there";
            output.line(String.format(
                    "%-13s %10s  %s", outcome, InspectCommand.size(entry.bytes()), folder.resolve(entry.path())));
            results.add(Map.of(
                    "repository", repository.name(),
                    "path", entry.path(),
                    "bytes", entry.bytes(),
                    "checksum", entry.checksum().hex(),
                    "outcome", outcome));
        }
        return results;
    }
}
