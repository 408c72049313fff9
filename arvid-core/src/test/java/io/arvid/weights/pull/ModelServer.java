package io.arvid.weights.pull;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A server as a Hugging Face compatible one looks from outside, with a content server that it redirects to, and faults on demand. */
final class ModelServer implements AutoCloseable {
    private static final int LARGE = 1000;

    final Map<String, byte[]> files = new TreeMap<>();
    final AtomicLong bytesSent = new AtomicLong();
    final AtomicInteger most = new AtomicInteger();
    final Queue<String> contentTokens = new ConcurrentLinkedQueue<>();
    final Queue<String> listTokens = new ConcurrentLinkedQueue<>();
    final Map<String, String> wrongChecksums = new ConcurrentHashMap<>();
    volatile String requiredToken = "";
    volatile boolean ignoresRanges;
    volatile boolean wrongRanges;
    volatile boolean listsOutside;
    volatile long dropAfter = Long.MAX_VALUE;
    volatile long failBeyond = Long.MAX_VALUE;
    volatile int busyAnswers;
    volatile int stalls;
    volatile int listStalls;
    volatile String redirectTo = "";
    volatile String listGoesOnAt = "";
    volatile String listBody = "";

    private final AtomicInteger busy = new AtomicInteger();
    private final AtomicInteger stalled = new AtomicInteger();
    private final AtomicInteger listsStalled = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private final HttpServer front = start();
    private final HttpServer content = start();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    ModelServer() {
        front.createContext("/api/models/o/n/tree/main", this::list);
        front.createContext("/o/n/resolve/main/", this::resolve);
        content.createContext("/content/", this::send);
        for (HttpServer server : List.of(front, content)) {
            server.setExecutor(threads);
            server.start();
        }
    }

    private static HttpServer start() {
        try {
            return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    URI endpoint() {
        return address(front);
    }

    private static URI address(HttpServer server) {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Two files a page. */
    private void list(HttpExchange exchange) throws IOException {
        listTokens.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
        if (!requiredToken.isEmpty()
                && !("Bearer " + requiredToken)
                        .equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            exchange.sendResponseHeaders(401, -1);
            exchange.close();
            return;
        }
        if (busy.getAndIncrement() < busyAnswers) {
            exchange.sendResponseHeaders(503, -1);
            exchange.close();
            return;
        }
        String query = exchange.getRequestURI().getQuery();
        int page = query.contains("page=") ? Integer.parseInt(query.substring(query.indexOf("page=") + 5)) : 0;
        List<String> names = List.copyOf(files.keySet());
        StringBuilder json = new StringBuilder("[{\"type\":\"directory\",\"path\":\"sub\",\"oid\":\"x\",\"size\":0}");
        for (String name : names.subList(Math.min(names.size(), 2 * page), Math.min(names.size(), 2 * page + 2))) {
            json.append(",").append(entry(name));
        }
        if (2 * page + 2 < names.size()) {
            String at = listGoesOnAt.isEmpty() ? endpoint().toString() : listGoesOnAt;
            exchange.getResponseHeaders()
                    .add(
                            "Link",
                            "<" + at + exchange.getRequestURI().getPath() + "?recursive=true&page=" + (page + 1)
                                    + ">; rel=\"next\"");
        }
        String text = listBody.isEmpty() ? json.append("]").toString() : listBody;
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, body.length);
        if (listsStalled.getAndIncrement() < listStalls) {
            exchange.getResponseBody().write(body, 0, 10);
            exchange.getResponseBody().flush();
            pause(10_000);
        }
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String entry(String name) {
        byte[] bytes = files.get(name);
        String listed = listsOutside ? "../" + name : name;
        if (bytes.length < LARGE) {
            byte[] head = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII);
            return "{\"type\":\"file\",\"path\":\"%s\",\"size\":%d,\"oid\":\"%s\"}"
                    .formatted(listed, bytes.length, hash("SHA-1", head, bytes));
        }
        String sha = wrongChecksums.getOrDefault(name, hash("SHA-256", bytes));
        return "{\"type\":\"file\",\"path\":\"%s\",\"size\":%d,\"oid\":\"%s\",\"lfs\":{\"oid\":\"%s\",\"size\":%d}}"
                .formatted(listed, bytes.length, "0".repeat(40), sha, bytes.length);
    }

    static String hash(String algorithm, byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            for (byte[] part : parts) {
                digest.update(part);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private void resolve(HttpExchange exchange) throws IOException {
        String name = exchange.getRequestURI().getPath().substring("/o/n/resolve/main/".length());
        String raw = exchange.getRequestURI().getRawPath().substring("/o/n/resolve/main/".length());
        String target = redirectTo.isEmpty() ? address(content) + "/content/" + raw : redirectTo;
        exchange.getResponseHeaders().add("Location", target);
        exchange.sendResponseHeaders(files.containsKey(name) ? 302 : 404, -1);
        exchange.close();
    }

    private void send(HttpExchange exchange) throws IOException {
        most.accumulateAndGet(open.incrementAndGet(), Math::max);
        try {
            contentTokens.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            sendRange(exchange, files.get(exchange.getRequestURI().getPath().substring("/content/".length())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.decrementAndGet();
            exchange.close();
        }
    }

    private void sendRange(HttpExchange exchange, byte[] bytes) throws IOException, InterruptedException {
        String[] range = exchange.getRequestHeaders()
                .getFirst("Range")
                .substring("bytes=".length())
                .split("-");
        int begin = ignoresRanges ? 0 : Integer.parseInt(range[0]);
        int end = ignoresRanges ? bytes.length : Integer.parseInt(range[1]) + 1;
        if (begin >= failBeyond) {
            exchange.sendResponseHeaders(500, -1);
            return;
        }
        if (!ignoresRanges) {
            int said = wrongRanges ? begin + 1 : begin;
            exchange.getResponseHeaders().add("Content-Range", "bytes " + said + "-" + (end - 1) + "/" + bytes.length);
        }
        exchange.sendResponseHeaders(ignoresRanges ? 200 : 206, end - begin);
        int sent = (int) Math.min(end - begin, dropAfter);
        try (OutputStream out = exchange.getResponseBody()) {
            if (stalled.getAndIncrement() < stalls) {
                out.write(bytes, begin, sent / 2);
                out.flush();
                Thread.sleep(10_000);
            }
            Thread.sleep(2);
            out.write(bytes, begin, sent);
            bytesSent.addAndGet(sent);
        }
    }

    @Override
    public void close() {
        front.stop(0);
        content.stop(0);
        threads.shutdownNow();
    }
}
