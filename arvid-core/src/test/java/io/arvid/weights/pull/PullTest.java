package io.arvid.weights.pull;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.record.Progress;
import io.arvid.weights.FolderLock;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pulling from a local server that redirects, drops connections, stalls, lies and forgets. */
@Timeout(60)
class PullTest {
    /** A busy machine is not silence: what a connection brings twice would be counted twice. */
    private static final Server.Patience PATIENT = new Server.Patience(4, 2, 20_000);

    private static final Server.Patience IMPATIENT = new Server.Patience(4, 2, 400);
    private static final int SEGMENT = 50_000;

    @TempDir
    Path folder;

    private final ModelServer server = new ModelServer();

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void everyFileOfAPagedListArrives() throws IOException {
        server.files.put("config.json", bytes(300));
        server.files.put("empty.txt", new byte[0]);
        server.files.put("model.safetensors", bytes(731_234));
        server.files.put("sub/folder/weights with space.pth", bytes(120_000));
        server.files.put("z.pt", bytes(SEGMENT));

        assertThat(pull(null)).containsOnly(Pull.Outcome.FETCHED).hasSize(5);
        requireAllThere();
        assertThat(leftovers()).isEmpty();
        assertThat(server.most.get()).isBetween(2, 3);
    }

    @Test
    void whatIsThereIsNotFetchedAgainUnlessItIsWrong() throws IOException {
        server.files.put("a.bin", bytes(200_000));
        server.files.put("b.bin", bytes(200_000));
        pull(null);
        long sent = server.bytesSent.get();
        byte[] damaged = Files.readAllBytes(folder.resolve("b.bin"));
        damaged[77] ^= 1;
        Files.write(folder.resolve("b.bin"), damaged);

        assertThat(pull(null)).containsExactly(Pull.Outcome.ALREADY_THERE, Pull.Outcome.FETCHED);
        assertThat(server.bytesSent.get() - sent).isEqualTo(200_000);
        requireAllThere();
    }

    @Test
    void droppedConnectionsGoOnWhereTheyStopped() throws IOException {
        server.files.put("a.bin", bytes(400_000));
        server.dropAfter = 9_000;

        pull(null);

        requireAllThere();
        assertThat(server.bytesSent.get()).isLessThan(500_000);
    }

    @Test
    void aKilledPullGoesOnWithTheMissingSegments() throws IOException {
        server.files.put("a.bin", bytes(400_000));
        server.failBeyond = 200_000;
        assertThatThrownBy(() -> pull(null)).isInstanceOf(PullException.class).hasMessageContaining("a.bin");
        assertThat(folder.resolve("a.bin")).doesNotExist();
        assertThat(folder.resolve("a.bin.part")).exists();
        long sent = server.bytesSent.get();
        assertThat(sent).isEqualTo(200_000);

        server.failBeyond = Long.MAX_VALUE;
        pull(null);
        requireAllThere();
        assertThat(server.bytesSent.get() - sent).isEqualTo(200_000);
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void onePullAtATimeWritesAFolder() throws IOException {
        server.files.put("a.bin", bytes(SEGMENT));
        try (FolderLock other = FolderLock.take(folder, "the folder")) {
            assertThatThrownBy(() -> pull(null))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("another process");
        }
        pull(null);
        requireAllThere();
    }

    @Test
    void segmentsOfAnotherVersionAreNotUsed() throws IOException {
        server.files.put("a.bin", bytes(400_000));
        server.failBeyond = 200_000;
        assertThatThrownBy(() -> pull(null)).isInstanceOf(PullException.class);

        server.failBeyond = Long.MAX_VALUE;
        byte[] other = bytes(400_000);
        other[0] ^= 1;
        server.files.put("a.bin", other);
        pull(null);
        requireAllThere();
    }

    @Test
    void aWrongChecksumLeavesNothing() throws IOException {
        server.files.put("a.bin", bytes(120_000));
        server.wrongChecksums.put("a.bin", "ab".repeat(32));

        assertThatThrownBy(() -> pull(null))
                .isInstanceOf(PullException.class)
                .hasMessageContaining("a.bin")
                .hasMessageContaining("checksum");
        assertThat(folder.resolve("a.bin")).doesNotExist();
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void theTokenGoesToTheServerAndNotToWhereItRedirects() throws IOException {
        server.files.put("a.bin", bytes(120_000));
        server.requiredToken = "secret";

        assertThatThrownBy(() -> pull(null)).isInstanceOf(PullException.class).hasMessageContaining("HF_TOKEN");
        pull("secret");

        assertThat(server.listTokens).contains("Bearer secret");
        assertThat(server.contentTokens).isNotEmpty().containsOnly("null");
        requireAllThere();
    }

    @Test
    void aServerThatIgnoresRangesSendsTheFileTwiceAtMost() throws IOException {
        server.files.put("a.bin", bytes(400_000));
        server.ignoresRanges = true;

        pull(null);

        requireAllThere();
        assertThat(server.bytesSent.get()).isLessThanOrEqualTo(800_000);
    }

    @Test
    void aRangeThatWasNotAskedForIsRefused() {
        server.files.put("a.bin", bytes(120_000));
        server.wrongRanges = true;
        assertThatThrownBy(() -> pull(null)).isInstanceOf(PullException.class).hasMessageContaining("asked for bytes");
    }

    @Test
    void aSilentConnectionIsDroppedAndTriedAgain() throws IOException {
        server.files.put("a.bin", bytes(90_000));
        server.stalls = 1;
        pull(null, IMPATIENT);
        requireAllThere();
    }

    @Test
    void aBusyServerIsAskedAgain() throws IOException {
        server.files.put("a.bin", bytes(2_000));
        server.busyAnswers = 2;
        pull(null);
        requireAllThere();
    }

    @Test
    void endlessRedirectsAndPathsOutsideAreRefused() {
        server.files.put("a.bin", bytes(2_000));
        server.redirectTo = server.endpoint() + "/o/n/resolve/main/a.bin";
        assertThatThrownBy(() -> pull(null)).isInstanceOf(PullException.class).hasMessageContaining("redirects");

        server.listsOutside = true;
        assertThatThrownBy(() -> pull(null))
                .isInstanceOf(PullException.class)
                .hasMessageContaining("leaves its folder");
    }

    @Test
    void aListThatGoesOnElsewhereIsRefused() throws IOException {
        for (String name : List.of("a.bin", "b.bin", "c.bin")) {
            server.files.put(name, bytes(300));
        }
        int port = server.endpoint().getPort();
        for (String other : List.of("https://127.0.0.1:" + port, "http://localhost:" + port, "http://127.0.0.1:9")) {
            server.listGoesOnAt = other;
            assertThatThrownBy(() -> pull(null))
                    .isInstanceOf(PullException.class)
                    .hasMessageContaining("the list goes on at another scheme, host or port, " + other);
        }
        assertThat(folder).isEmptyDirectory();

        server.listGoesOnAt = "";
        pull(null);
        requireAllThere();
    }

    @Test
    void anAnswerThatIsNoListIsRefused() {
        server.files.put("a.bin", bytes(2_000));
        server.listBody = "{\"error\": \"elsewhere\"}";
        assertThatThrownBy(() -> pull(null)).isInstanceOf(PullException.class).hasMessageContaining("is no list");
    }

    @Test
    void aRevisionWithSlashesIsOnePartOfTheAddress() {
        Server good = new Server(server.endpoint(), null, PATIENT);
        assertThat(new RemoteRepository(good, "o/n", "refs/pr/1").content("sub/a b.bin"))
                .hasToString(server.endpoint() + "/o/n/resolve/refs%2Fpr%2F1/sub/a%20b.bin");
    }

    @Test
    void theLedgerOfAFileOfVeryManySegmentsIsRead() throws IOException {
        int segments = 100_000;
        PartialFile.Segment last = new PartialFile.Segment(segments - 1, segments - 1, segments);
        Checksum checksum = new Checksum(Checksum.Kind.SHA_256, "ab".repeat(32));
        RemoteEntry entry = new RemoteEntry("a.bin", segments, checksum);
        Path target = folder.resolve("a.bin");
        try (PartialFile partial = new PartialFile(entry, target, 1)) {
            partial.finished(new PartialFile.Segment(0, 0, segments - 1));
        }
        try (PartialFile partial = new PartialFile(entry, target, 1)) {
            assertThat(partial.missing()).containsExactly(last);
        }
    }

    @Test
    void aDiskThatIsTooSmallIsNoticedWhereThePullGoesOn() throws IOException {
        Files.write(folder.resolve("a.bin.part"), bytes(100));
        RemoteRepository repository = new RemoteRepository(new Server(server.endpoint(), null, PATIENT), "o/n", "main");
        Pull pull = new Pull(repository, folder, 1, SEGMENT);
        Checksum checksum = new Checksum(Checksum.Kind.SHA_256, "ab".repeat(32));
        RemoteEntry huge = new RemoteEntry("a.bin", Long.MAX_VALUE / 2, checksum);
        assertThatThrownBy(() -> pull.fetch(List.of(huge), Progress.SILENT))
                .isInstanceOf(PullException.class)
                .hasMessageContaining("the disk has");
        RemoteEntry other = new RemoteEntry("b.bin", Long.MAX_VALUE, checksum);
        assertThatThrownBy(() -> pull.fetch(List.of(huge, other), Progress.SILENT))
                .isInstanceOf(PullException.class)
                .hasMessageContaining("larger than any disk");
    }

    @Test
    void theUsualPortNeedNotBeSaid() {
        Server https = new Server(URI.create("https://models.example"), null, PATIENT);
        assertThat(https.isMine(URI.create("https://Models.example:443/x"))).isTrue();
        assertThat(https.isMine(URI.create("http://models.example/x"))).isFalse();
        assertThat(https.isMine(URI.create("http://models.example:443/x"))).isFalse();
        assertThat(https.isMine(URI.create("https://models.example:8443/x"))).isFalse();
        assertThat(https.isMine(URI.create("mailto:x"))).isFalse();
    }

    @Test
    void aFileOfSomethingElseIsNotReplaced() throws IOException {
        server.files.put("a.bin", bytes(2_000));
        server.files.put("config.json", bytes(300));
        Files.writeString(folder.resolve("config.json"), "of another model");
        assertThatThrownBy(() -> pull(null))
                .isInstanceOf(PullException.class)
                .hasMessageContaining("config.json is there already, and not from o/n");
        assertThat(folder.resolve("config.json")).hasContent("of another model");
        assertThat(folder.resolve("a.bin")).doesNotExist();

        Files.delete(folder.resolve("config.json"));
        pull(null);
        server.files.put("config.json", bytes(301));
        pull(null);
        requireAllThere();
    }

    @Test
    void aDamagedLedgerStartsTheFileOver() throws IOException {
        for (String damage : List.of("\0\0\0\0", "", "\u00ff\u00fe", "4 5")) {
            server.files.put("a.bin", bytes(400_000));
            server.failBeyond = 200_000;
            assertThatThrownBy(() -> pull(null)).isInstanceOf(PullException.class);
            Path ledger = folder.resolve("a.bin.part.done");
            String first = Files.readAllLines(ledger).getFirst();
            Files.write(ledger, (first + "\n" + damage).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
            server.failBeyond = Long.MAX_VALUE;
            pull(null);
            requireAllThere();
            Files.delete(folder.resolve("a.bin"));
        }
    }

    @Test
    void aSilentListIsAskedForAgain() throws IOException {
        server.files.put("a.bin", bytes(2_000));
        server.listStalls = 1;
        pull(null, IMPATIENT);
        requireAllThere();
    }

    @Test
    void aTokenIsStrippedAndNeverShown() throws IOException {
        server.files.put("a.bin", bytes(2_000));
        server.requiredToken = "secret";
        pull(" secret\n");
        requireAllThere();
        assertThatThrownBy(() -> new Server(server.endpoint(), "sec\nret", PATIENT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("HF_TOKEN")
                .hasMessageNotContaining("ret\n")
                .hasMessageNotContaining("sec\n");
        assertThat(new Server(server.endpoint(), "secret", PATIENT).toString()).doesNotContain("secret");
    }

    @Test
    void namesAndEndpointsAreChecked() {
        assertThatThrownBy(() -> new Server(URI.create("ftp://x/"), null, PATIENT))
                .hasMessageContaining("http");
        Server good = new Server(server.endpoint(), null, PATIENT);
        assertThatThrownBy(() -> new RemoteRepository(good, "../x", "main")).hasMessageContaining("owner/name");
    }

    private List<Pull.Outcome> pull(@Nullable String token) {
        return pull(token, PATIENT);
    }

    private List<Pull.Outcome> pull(@Nullable String token, Server.Patience patience) {
        Server from = new Server(server.endpoint(), token, patience);
        RemoteRepository repository = new RemoteRepository(from, "o/n", "main");
        return new Pull(repository, folder, 3, SEGMENT).fetch(repository.list(), Progress.SILENT);
    }

    private void requireAllThere() {
        server.files.forEach(
                (name, content) -> assertThat(folder.resolve(name)).as(name).hasBinaryContent(content));
    }

    private List<Path> leftovers() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file ->
                            file.toString().contains(".part") || file.toString().endsWith(".tmp"))
                    .toList();
        }
    }

    private static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }
}
