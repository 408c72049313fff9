package io.arvid.weights.pull;

/**
 * A file as the server lists it.
 *
 * @param path path in the repository
 * @param bytes size
 * @param checksum what its content must hash to
 */
public record RemoteEntry(String path, long bytes, Checksum checksum) {}
