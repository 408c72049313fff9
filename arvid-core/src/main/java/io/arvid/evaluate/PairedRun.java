package io.arvid.evaluate;

import org.bytedeco.pytorch.Tensor;

/**
 * One prompt rolled out twice from the same noise, in full precision and quantized.
 *
 * @param prompt what was asked for
 * @param referenceLatents full precision, {@code [F, C, h, w]}
 * @param latents quantized, the same shape
 * @param referenceVideo full precision, {@code [T, 3, H, W]}, uint8 or floating in [0, 1]
 * @param video quantized, the same shape
 */
public record PairedRun(String prompt, Tensor referenceLatents, Tensor latents, Tensor referenceVideo, Tensor video) {}
