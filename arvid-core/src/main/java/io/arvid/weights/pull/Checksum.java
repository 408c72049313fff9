package io.arvid.weights.pull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The hash of a file's content.
 *
 * @param kind how it is computed
 * @param hex lower-case hexadecimal digits
 */
public record Checksum(Kind kind, String hex) {
    /** Large files are listed with the SHA-256 of their content, small ones with the SHA-1 that git gives them. */
    public enum Kind {
        SHA_256,
        GIT_BLOB
    }

    /** True where {@code file} has this checksum. */
    boolean matches(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MessageDigest digest = MessageDigest.getInstance(kind == Kind.SHA_256 ? "SHA-256" : "SHA-1");
            if (kind == Kind.GIT_BLOB) {
                digest.update(("blob " + channel.size() + "\0").getBytes(StandardCharsets.US_ASCII));
            }
            ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
            while (channel.read(buffer) >= 0) {
                digest.update(buffer.flip());
                buffer.clear();
            }
            return HexFormat.of().formatHex(digest.digest()).equals(hex);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
