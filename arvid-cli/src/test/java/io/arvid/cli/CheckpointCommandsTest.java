package io.arvid.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpServer;
import io.arvid.tensor.Torch;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code inspect}, {@code synthesize}, {@code presets} and {@code pull} from the outside. */
class CheckpointCommandsTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        CommandLine command = Arvid.commandLine();
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        return command.execute(arguments);
    }

    private JsonNode json() throws IOException {
        return new JsonMapper().readTree(out.toString());
    }

    @BeforeAll
    static void useOneThread() {
        Torch.setThreads(1);
    }

    @Test
    void whatIsSynthesizedIsInspected() throws IOException {
        String model = folder.resolve("model").toString();
        assertThat(run("synthesize", "--like", "wan2.1-t2v-1.3b", "--layers", "1", "--out", model, "--json"))
                .isZero();
        assertThat(json().path("blocks").asInt()).isEqualTo(1);
        out.getBuffer().setLength(0);

        assertThat(run("inspect", model, "--json")).isZero();
        JsonNode card = json().path(0);
        assertThat(card.path("network").asText()).isEqualTo("TRANSFORMER");
        assertThat(card.path("complete").asBoolean()).isTrue();
        assertThat(card.path("parameters_by_type").path("BF16").asLong())
                .isEqualTo(card.path("parameters").asLong());
        assertThat(card.path("linear_sites")).hasSize(16);
        assertThat(card.path("linear_sites").path(14).path("name").asText()).isEqualTo("blocks.0.ffn.2");
        out.getBuffer().setLength(0);

        assertThat(run("inspect", model)).isZero();
        assertThat(out.toString()).contains("1 blocks, width 1536").contains("blocks.0…0.ffn.2");
    }

    @Test
    void aHostileFileIsRefusedInOneLine() {
        Path file = Path.of("..", "attacks", "os_system_protocol2.pt");
        assertThat(run("inspect", file.toString())).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("posix.system");
        assertThat(run("inspect", folder.resolve("none.pt").toString())).isEqualTo(3);
    }

    @Test
    void shardsWithoutTheirIndexAreNamed() throws IOException {
        Files.writeString(folder.resolve("model-00001-of-00002.safetensors"), "not read");
        assertThat(run("inspect", folder.toString())).isZero();
        assertThat(out.toString())
                .contains("not readable: " + folder.resolve("model.safetensors.index.json"))
                .doesNotContain("no tensors");
    }

    @Test
    void wrongSizesAreRefused() {
        String model = folder.resolve("model").toString();
        assertThat(run("synthesize", "--like", "wan3", "--out", model)).isEqualTo(2);
        assertThat(run("synthesize", "--like", "wan2.1-t2v-1.3b", "--layers", "31", "-o", model))
                .isEqualTo(2);
        assertThat(run("synthesize", "--like", "wan2.1-t2v-1.3b", "--dtype", "I64", "-o", model))
                .isEqualTo(2);
        assertThat(err.toString()).contains("wan2.1-t2v-14b").contains("between 1 and 30");
        assertThat(folder.resolve("model")).doesNotExist();
    }

    @Test
    void aModelIsNotWrittenOverAnother() throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), "{}");
        assertThat(run("synthesize", "--like", "wan2.1-t2v-1.3b", "--layers", "1", "--out", folder.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("exists already").hasLineCount(1);
        assertThat(config).hasContent("{}");
    }

    @Test
    void presetsAreListedWithTheirSettings() throws IOException {
        assertThat(run("presets")).isZero();
        assertThat(out.toString()).contains("self-forcing").contains("causal-forcing-1step");
        out.getBuffer().setLength(0);
        assertThat(run("presets", "--json")).isZero();
        assertThat(json().path(0).path("rollout").path("timestep_shift").asDouble())
                .isEqualTo(5);
    }

    @Test
    void whatAPresetDoesNotTakeIsRefused() {
        String to = folder.resolve("pulled").toString();
        assertThat(run("pull", "self-forcing", "--revision", "v2", "--to", to)).isEqualTo(1);
        assertThat(err.toString()).contains("--revision is of one repository", "gdhe17/Self-Forcing");
        assertThat(run("pull", "self-forcing", "*.pt", "--to", to)).isEqualTo(1);
        assertThat(err.toString()).contains("leave out *.pt");
    }

    @Test
    void aFileIsPulledFromTheEndpoint() throws IOException {
        String list = """
                [{"type": "file", "path": "config.json", "size": 2, "oid": "9e26dfeeb6e641a33dae4961196235bdb965b21b"},
                 {"type": "file", "path": "other.txt", "size": 2, "oid": "9e26dfeeb6e641a33dae4961196235bdb965b21b"}]
                """;
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/models/o/n/tree/main", exchange -> {
            byte[] body = list.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.createContext("/o/n/resolve/main/config.json", exchange -> {
            exchange.getResponseHeaders().add("Content-Range", "bytes 0-1/2");
            exchange.sendResponseHeaders(206, 2);
            exchange.getResponseBody().write("{}".getBytes(StandardCharsets.UTF_8));
            exchange.close();
        });
        server.start();
        try {
            String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
            String to = folder.resolve("pulled").toString();
            assertThat(run("pull", "o/n", "*.json", "--to", to, "--endpoint", endpoint, "--dry-run"))
                    .isZero();
            assertThat(out.toString())
                    .contains("listed")
                    .contains("config.json")
                    .doesNotContain("other.txt");
            assertThat(folder.resolve("pulled")).doesNotExist();

            assertThat(run("pull", "o/n", "*.json", "-o", to, "--endpoint", endpoint))
                    .isZero();
            assertThat(run("pull", "self-forcin", "-o", to, "--endpoint", endpoint))
                    .isEqualTo(2);
            assertThat(Files.readString(folder.resolve("pulled/config.json"))).isEqualTo("{}");
            assertThat(run("pull", "o/n", "*.bin", "--to", to, "--endpoint", endpoint))
                    .isEqualTo(3);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void shardsBringTheirIndex() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/models/o/n/tree/main", exchange -> {
            byte[] body = java.util.stream.Stream.of(
                            "t/x-00001-of-00002.safetensors",
                            "t/x-00002-of-00002.safetensors",
                            "t/x.safetensors.index.json",
                            "t/y.safetensors.index.json",
                            "x.safetensors.index.json")
                    .map(
                            "{\"type\": \"file\", \"path\": \"%s\", \"size\": 2, \"oid\": \"9e26dfeeb6e641a33dae4961196235bdb965b21b\"}"
                                    ::formatted)
                    .collect(java.util.stream.Collectors.joining(",", "[", "]"))
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
            String to = folder.resolve("pulled").toString();
            assertThat(run("pull", "o/n", "t/*.safetensors", "--to", to, "--endpoint", endpoint, "--dry-run"))
                    .isZero();
            assertThat(out.toString().lines().filter(line -> line.startsWith("listed")))
                    .hasSize(3)
                    .anyMatch(line -> line.endsWith("t/x.safetensors.index.json"));
        } finally {
            server.stop(0);
        }
    }

    @Test
    void weightsOfMetricsAreListedAndTheOthersNamed() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/models/", exchange -> {
            byte[] body = java.util.stream.Stream.of("i3d_torchscript.pt", "amt-s.pth", "musiq_spaq_ckpt-358bb6af.pth")
                    .map(
                            "{\"type\": \"file\", \"path\": \"%s\", \"size\": 2, \"oid\": \"9e26dfeeb6e641a33dae4961196235bdb965b21b\"}"
                                    ::formatted)
                    .collect(java.util.stream.Collectors.joining(",", "[", "]"))
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
            String to = folder.resolve("metrics").toString();
            assertThat(run("pull", "metrics", "--to", to, "--endpoint", endpoint, "--dry-run"))
                    .isZero();
            assertThat(out.toString().lines().filter(line -> line.startsWith("listed")))
                    .hasSize(3);
            assertThat(out.toString()).contains("dino_vitbase16_pretrain.pth").contains("alexnet-owt-7be5be79.pth");
        } finally {
            server.stop(0);
        }
    }
}
