package io.arvid.evaluate.suite;

/**
 * Which weights a metric used.
 *
 * @param file name of the file, without folders
 * @param sha256 hash of its content
 */
public record WeightStamp(String file, String sha256) {}
