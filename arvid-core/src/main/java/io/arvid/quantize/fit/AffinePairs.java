package io.arvid.quantize.fit;

import org.bytedeco.pytorch.Tensor;

/**
 * A scale and a zero point a row, or a group of a row.
 *
 * @param scales float32 {@code [rows, groups]}, positive
 * @param zeros float32 {@code [rows, groups]}
 */
public record AffinePairs(Tensor scales, Tensor zeros) {}
