/**
 * QVD (ACM MM 2024, arXiv 2407.11585): post-training quantization of video diffusion models, by two parts.
 *
 * <p>SCRI, the integration of channel ranges, is {@link io.arvid.quantize.qvd.RangeIntegration}; it follows a third-party port, since the authors' code
 * was not at hand. HTDQ, the quantizer of temporal features, is {@link io.arvid.quantize.qvd.TemporalQuantizer}: <b>an inferred reading</b> of the
 * abstract and of summaries; no code of it was found. Neither claims parity with the paper.
 */
@NullMarked
package io.arvid.quantize.qvd;

import org.jspecify.annotations.NullMarked;
