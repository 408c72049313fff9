package io.arvid.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of files and texts, one after the other, never a whole file in memory. */
public final class FileHash {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int BRIEF_DIGITS = 12;

    private final MessageDigest digest;

    /** Nothing hashed yet. */
    public FileHash() {
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** The hash of {@code text} alone, without an end mark. */
    public static String of(String text) {
        FileHash hash = new FileHash();
        hash.digest.update(text.getBytes(StandardCharsets.UTF_8));
        return hash.hex();
    }

    /** The first digits of {@code hash}: enough to tell things apart. */
    public static String brief(String hash) {
        return hash.substring(0, Math.min(BRIEF_DIGITS, hash.length()));
    }

    /** Adds a text and an end mark. */
    public FileHash text(String text) {
        digest.update((text + "\0").getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /** Adds the content of {@code file}. */
    public FileHash content(Path file) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (channel.read(buffer) >= 0) {
                digest.update(buffer.flip());
                buffer.clear();
            }
        }
        return this;
    }

    /** The hash of everything added, in lower-case hexadecimal; ends this one's use. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
