package io.arvid.record;

/**
 * How large a model is on disk.
 *
 * @param method id of the method; {@code full-precision} for the source
 * @param setting bit widths, such as {@code w4a8}; {@code bf16} for the source
 * @param bytes size of all its files
 * @param parameters number of its parameters
 */
public record ModelSize(String method, String setting, long bytes, long parameters) {
    /** Bits that one parameter takes on average, scales and everything else included. */
    public double bitsPerParameter() {
        return 8.0 * bytes / parameters;
    }
}
