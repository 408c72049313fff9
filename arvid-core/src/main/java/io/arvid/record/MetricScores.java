package io.arvid.record;

import java.util.List;

/**
 * One metric of one quantized model against full precision.
 *
 * @param metric id of the metric: {@code latent-mse}, {@code latent-cosine}, {@code psnr}, {@code ssim} …
 * @param overall over the whole video
 * @param perChunk one a chunk, in order
 */
public record MetricScores(String metric, Estimate overall, List<Estimate> perChunk) {}
