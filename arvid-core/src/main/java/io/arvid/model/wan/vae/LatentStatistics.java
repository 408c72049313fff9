package io.arvid.model.wan.vae;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Mean and standard deviation of each latent channel over the training videos; the diffusion model works on {@code (z − mean) / deviation}. They are
 * no parameters of the autoencoder, and are rounded to the type of the tensor that they are applied to, as the reference does.
 *
 * @param mean one number a channel
 * @param deviation one number a channel
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record LatentStatistics(
        @JsonProperty("mean") List<Double> mean,
        @JsonProperty("std") List<Double> deviation) {
    /** Checks that there are as many means as deviations. */
    public LatentStatistics {
        mean = List.copyOf(mean);
        deviation = List.copyOf(deviation);
        if (mean.isEmpty() || mean.size() != deviation.size()) {
            throw new IllegalArgumentException("latent statistics of " + mean.size() + " means and " + deviation.size()
                    + " standard deviations; one of each is needed for every channel");
        }
    }

    /** Those of Wan 2.1 (Wan2.1 {@code wan/modules/vae.py} WanVAE). */
    public static LatentStatistics wan2_1() {
        return new LatentStatistics(
                List.of(
                        -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715, 0.5517,
                        -0.3632, -0.1922, -0.9497, 0.2503, -0.2921),
                List.of(
                        2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652, 1.5579,
                        1.6382, 1.1253, 2.8251, 1.9160));
    }

    /** {@code (z − mean) / deviation} of latents float32 {@code [B, F, C, h, w]}. */
    public Tensor normalize(Tensor latents) {
        return latents.sub(channels(mean)).div(channels(deviation));
    }

    /** {@code z · deviation + mean} of latents float32 {@code [B, F, C, h, w]}. */
    public Tensor denormalize(Tensor latents) {
        return latents.mul(channels(deviation)).add(channels(mean));
    }

    private static Tensor channels(List<Double> values) {
        double[] numbers = values.stream().mapToDouble(Double::doubleValue).toArray();
        return Ops.toF32(Tensors.of(numbers, 1, 1, numbers.length, 1, 1));
    }

    /** {@code (z − mean) · (1 / deviation)} with channels last, {@code [.., C]}; the statistics rounded to the type of {@code like}. */
    Tensor normalizeLast(Tensor z, Tensor like) {
        return z.sub(tensor(mean, like)).mul(tensor(deviation, like).reciprocal());
    }

    /** {@code z / (1 / deviation) + mean} with channels last, {@code [.., C]}, in the type of z. */
    Tensor denormalizeLast(Tensor z) {
        return z.div(tensor(deviation, z).reciprocal()).add(tensor(mean, z));
    }

    private static Tensor tensor(List<Double> values, Tensor like) {
        double[] numbers = values.stream().mapToDouble(Double::doubleValue).toArray();
        return Ops.toTypeOf(Ops.toF32(Tensors.of(numbers, numbers.length)), like);
    }
}
