/**
 * Q-ARVD (arXiv 2605.21072): quantization of autoregressive video diffusion models.
 *
 * <p>The paper's steps, each a class: A {@link io.arvid.quantize.qarvd.ChunkSensitivity}, B {@link io.arvid.quantize.qarvd.OutlierDetection} and
 * {@link io.arvid.quantize.qarvd.DualScale}, C {@link io.arvid.quantize.qarvd.WeightedReconstruction}. {@link io.arvid.quantize.qarvd.QArvd} puts them
 * together; {@link io.arvid.quantize.qarvd.Difference} lists where paper and official code disagree.
 */
@NullMarked
package io.arvid.quantize.qarvd;

import org.jspecify.annotations.NullMarked;
