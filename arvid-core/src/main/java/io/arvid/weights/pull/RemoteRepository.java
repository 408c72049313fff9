package io.arvid.weights.pull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A repository on a server.
 *
 * @param server the server
 * @param name owner and name, such as {@code owner/model}
 * @param revision branch, tag or commit
 */
public record RemoteRepository(Server server, String name, String revision) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int MAX_PAGES = 1000;
    private static final Pattern NEXT = Pattern.compile("<([^>]+)>\\s*;\\s*rel=\"?next\"?");

    /** Checks that the name is one of a repository. */
    public RemoteRepository {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")) {
            throw new IllegalArgumentException("a repository is called owner/name, not '" + name + "'");
        }
    }

    /** All files, as the server lists them: {@code GET /api/models/NAME/tree/REVISION?recursive=true}, page by page. */
    public List<RemoteEntry> list() {
        List<RemoteEntry> entries = new ArrayList<>();
        URI page = address("/api/models/" + name + "/tree/" + encodedRevision() + "?recursive=true");
        for (int i = 0; i < MAX_PAGES; i++) {
            URI here = page;
            Page answer = server.persist(here.toString(), () -> 0, () -> page(here));
            answer.files().forEach(file -> {
                if (file.path("type").asText().equals("file")) {
                    entries.add(entry(file));
                }
            });
            if (answer.next().isEmpty()) {
                return entries;
            }
            page = here.resolve(answer.next());
            if (!server.isMine(page)) {
                throw new PullException(
                        here + ": the list goes on at another scheme, host or port, " + page + "; refused");
            }
        }
        throw new PullException(page + ": the list of files does not end");
    }

    /** Where the content of {@code path} is: {@code /NAME/resolve/REVISION/PATH}. */
    URI content(String path) {
        return address("/" + name + "/resolve/" + encodedRevision() + "/" + encode(path));
    }

    private record Page(JsonNode files, String next) {}

    private Page page(URI address) throws IOException, InterruptedException {
        HttpResponse<InputStream> response = server.get(address, Map.of("Accept", "application/json"));
        try (Watch watch = new Watch(response.body(), server.patience().stallMillis())) {
            Matcher next = NEXT.matcher(response.headers().firstValue("Link").orElse(""));
            JsonNode files = JSON.readTree(watch.stream());
            if (!files.isArray()) {
                throw new PullException(address + ": the answer is no list of files; is this a server of models?");
            }
            return new Page(files, next.find() ? next.group(1) : "");
        }
    }

    private RemoteEntry entry(JsonNode file) {
        String path = file.path("path").asText();
        boolean leaves = Arrays.asList(path.split("/", -1)).stream()
                        .anyMatch(part -> part.isEmpty() || part.equals(".") || part.equals(".."))
                || path.contains("\\")
                || path.contains(":")
                || path.chars().anyMatch(Character::isISOControl);
        if (leaves) {
            throw new PullException(name + ": the server lists a file called '" + path + "', which leaves its folder");
        }
        JsonNode large = file.path("lfs");
        boolean isLarge = large.isObject();
        String hex = isLarge ? large.path("oid").asText() : file.path("oid").asText();
        Checksum checksum = new Checksum(isLarge ? Checksum.Kind.SHA_256 : Checksum.Kind.GIT_BLOB, hex);
        long bytes = isLarge ? large.path("size").asLong(-1) : file.path("size").asLong(-1);
        if (bytes < 0 || !hex.matches(isLarge ? "[0-9a-f]{64}" : "[0-9a-f]{40}")) {
            throw new PullException(name + ": the server lists " + path + " without its size or checksum");
        }
        return new RemoteEntry(path, bytes, checksum);
    }

    private URI address(String path) {
        String base = server.endpoint().toString();
        return URI.create((base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + path);
    }

    /** One part of an address, whatever slashes it has, as in {@code refs/pr/1}. */
    private String encodedRevision() {
        return encode(revision).replace("/", "%2F");
    }

    private static String encode(String path) {
        return Arrays.stream(path.split("/"))
                .map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"))
                .collect(Collectors.joining("/"));
    }
}
