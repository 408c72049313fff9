package io.arvid.weights.pull;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face compatible server. The token is sent to the server only, never to where it redirects; a redirect from https to http is refused.
 *
 * @param endpoint where it answers, such as {@code https://example.org}
 * @param token access token; null for public models
 * @param patience how failures are met
 */
public record Server(URI endpoint, @Nullable String token, Patience patience) {
    private static final int MAX_REDIRECTS = 5;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final Set<Integer> PASSING = Set.of(408, 429, 500, 502, 503, 504);
    /** HTTP/1.1, because parallel ranges want connections of their own. */
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(Duration.ofSeconds(20))
            .build();

    /**
     * How failures are met.
     *
     * @param attempts tries without any progress before giving up
     * @param firstPauseMillis pause after the first failure; doubled after each further one
     * @param stallMillis a connection that brings nothing for so long is dropped
     */
    public record Patience(int attempts, long firstPauseMillis, long stallMillis) {
        /** Six attempts over about half a minute; a minute of silence is a failure. */
        public static final Patience NORMAL = new Patience(6, 500, 60_000);
    }

    /** Checks that the endpoint is a web address, and that the token can be sent; space around it is dropped. */
    public Server {
        token = token == null || token.isBlank() ? null : token.strip();
        if (token != null && !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new IllegalArgumentException(
                    "the access token (HF_TOKEN) has blanks or characters beyond ASCII in it, which no token has");
        }
        String scheme = String.valueOf(endpoint.getScheme());
        if (!scheme.equals("https") && !scheme.equals("http") || endpoint.getHost() == null) {
            throw new IllegalArgumentException("the endpoint must be an http or https address, not '" + endpoint + "'");
        }
    }

    /** Something to be fetched that may fail and is then tried again. */
    @FunctionalInterface
    interface Attempt<T> {
        T run() throws IOException, InterruptedException;
    }

    /** How far an attempt has come: attempts that make progress do not use up the patience. */
    @FunctionalInterface
    interface Measure {
        long progress();
    }

    /** A failure that may pass: the next attempt may succeed. */
    private static final class Passing extends IOException {
        private static final long serialVersionUID = 1;

        Passing(String message) {
            super(message);
        }
    }

    /** Runs {@code attempt} until it succeeds, or fails {@code patience.attempts} times in a row without progress. */
    <T> T persist(String what, Measure measure, Attempt<T> attempt) {
        int failures = 0;
        long reached = measure.progress();
        while (true) {
            try {
                return attempt.run();
            } catch (IOException e) {
                failures = measure.progress() > reached ? 1 : failures + 1;
                reached = measure.progress();
                if (failures >= patience.attempts) {
                    throw new PullException(what + ": gave up after " + failures + " attempts: " + reason(e));
                }
                pause(failures);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new PullException(what + ": interrupted");
            }
        }
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private void pause(int failures) {
        long most = patience.firstPauseMillis << Math.min(failures - 1, 6);
        try {
            Thread.sleep(most / 2 + ThreadLocalRandom.current().nextLong(most / 2 + 1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PullException("interrupted");
        }
    }

    /**
     * Asks for {@code address} and follows redirects.
     *
     * @throws IOException where another attempt may succeed
     * @throws PullException where none will
     */
    HttpResponse<InputStream> get(URI address, Map<String, String> headers) throws IOException, InterruptedException {
        URI at = address;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpRequest.Builder request = HttpRequest.newBuilder(at).timeout(Duration.ofMillis(patience.stallMillis));
            headers.forEach(request::header);
            if (token != null && isMine(at)) {
                request.header("Authorization", "Bearer " + token);
            }
            HttpResponse<InputStream> response =
                    CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            int status = response.statusCode();
            if (status == 200 || status == 206) {
                return response;
            }
            response.body().close();
            if (!REDIRECTS.contains(status)) {
                throw failure(address, status);
            }
            at = redirect(at, response);
        }
        throw new PullException(address + ": more than " + MAX_REDIRECTS + " redirects");
    }

    private static URI redirect(URI from, HttpResponse<InputStream> response) {
        String location = response.headers().firstValue("Location").orElse("");
        URI to;
        try {
            to = from.resolve(location);
        } catch (IllegalArgumentException e) {
            throw new PullException(from + ": redirected to '" + location + "', which is no address");
        }
        if (location.isEmpty() || to.getHost() == null) {
            throw new PullException(from + ": a redirect without an address");
        }
        if (!"https".equals(to.getScheme()) && !to.getScheme().equals(from.getScheme())) {
            throw new PullException(from + ": redirected to the unprotected address " + to.getHost() + "; refused");
        }
        return to;
    }

    private IOException failure(URI address, int status) {
        if (PASSING.contains(status)) {
            return new Passing(address + " answered " + status);
        }
        throw new PullException(
                switch (status) {
                    case 401, 403 ->
                        address + ": access denied (" + status + "); "
                                + (token == null
                                        ? "set HF_TOKEN to a token that may read it"
                                        : "the token may not read it");
                    case 404 -> address + ": no such file on the server";
                    default -> address + ": the server answered " + status;
                });
    }

    /** Without the token. */
    @Override
    public String toString() {
        return endpoint.toString();
    }

    /** True where {@code address} has the scheme, host and port of this server. */
    boolean isMine(URI address) {
        return endpoint.getScheme().equalsIgnoreCase(address.getScheme())
                && endpoint.getHost().equalsIgnoreCase(address.getHost())
                && port(endpoint) == port(address);
    }

    private static int port(URI address) {
        int usual = "https".equalsIgnoreCase(address.getScheme()) ? 443 : 80;
        return address.getPort() < 0 ? usual : address.getPort();
    }
}
