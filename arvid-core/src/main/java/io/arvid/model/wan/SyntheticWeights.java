package io.arvid.model.wan;

import io.arvid.model.SiteRole;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.SafetensorsWriter.Sink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Random;
import org.bytedeco.pytorch.Tensor;

/**
 * Values of random weights. Every tensor has a stream of its own, from the seed and its name, so that a model of fewer blocks has the same first
 * blocks.
 *
 * <p>Linear layers keep the variance of their input: normal weights of variance 1/in, whose input channels differ log-normally by a quarter, and among
 * which some outlier channels are larger by the factors of {@link #outliers}. That is the pattern of Wan's trained weights as Q-ARVD describes it
 * (arXiv 2605.21072, section 3.3: ffn.2 is worst, cross_attn.v is smooth); the shares and factors here are chosen, not measured on trained weights.
 */
final class SyntheticWeights {
    private static final long PIECE_VALUES = 1L << 22;
    private static final double CHANNEL_SPREAD = 0.25;
    private static final double BIAS_SPREAD = 0.02;

    /** Share of input channels that are outliers, and how much larger they are. */
    record Outliers(double share, double factor) {
        static final Outliers NONE = new Outliers(0, 1);
    }

    private final long seed;
    private final DTypes type;

    SyntheticWeights(long seed, DTypes type) {
        this.seed = seed;
        this.type = type;
    }

    /** Outlier channels of the linear layer whose parameter is called {@code name}. */
    static Outliers outliers(String name) {
        for (SiteRole role : SiteRole.values()) {
            if (role.isInBlock() && name.endsWith("." + role.suffix() + ".weight")) {
                return switch (role) {
                    case FFN_DOWN -> new Outliers(0.03, 6);
                    case FFN_UP -> new Outliers(0.01, 4);
                    case SELF_O, CROSS_O -> new Outliers(0.01, 4);
                    case SELF_Q, SELF_K, SELF_V, CROSS_Q -> new Outliers(0.005, 3);
                    case CROSS_K -> new Outliers(0.002, 3);
                    default -> Outliers.NONE;
                };
            }
        }
        return Outliers.NONE;
    }

    /** A parameter of the transformer. */
    void transformer(String name, long[] shape, Sink sink) throws IOException {
        if (name.endsWith("modulation")) {
            modulation(name, shape, sink);
        } else if (name.startsWith("time_projection.") && shape.length == 2) {
            linear(name, shape, 0.1, sink);
        } else {
            plain(name, shape, sink);
        }
    }

    /** A parameter of any network: weights keep variance, gains are about 1, biases about 0. */
    void plain(String name, long[] shape, Sink sink) throws IOException {
        boolean gain = name.endsWith("gamma") || (shape.length == 1 && name.endsWith(".weight"));
        if (gain) {
            normal(name, shape, 1, 0.1, sink);
        } else if (shape.length == 1) {
            normal(name, shape, 0, BIAS_SPREAD, sink);
        } else if (shape.length == 2) {
            linear(name, shape, name.contains("embedding.weight") ? Math.sqrt(shape[1]) : 1, sink);
        } else {
            normal(name, shape, 0, 1 / Math.sqrt(fanIn(shape)), sink);
        }
    }

    /** Rows 0 shift, 1 scale, 2 gate of attention, 3 to 5 the same of the feed-forward: gates of 0.3, so that the residual stream grows slowly. */
    private void modulation(String name, long[] shape, Sink sink) throws IOException {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(seedOf(name))) {
            Tensor values = Ops.mul(seeds.normal(shape), 0.1);
            for (int gate = 2; gate < shape[1]; gate += 3) {
                Tensor row = values.select(1, gate);
                row.copy_(Ops.add(row, 0.3));
            }
            sink.accept(Ops.to(values, type));
        }
    }

    private void linear(String name, long[] shape, double gain, Sink sink) throws IOException {
        double[] channels = channelFactors(name, (int) shape[1]);
        double meanSquare = Arrays.stream(channels).map(c -> c * c).average().orElse(1);
        double scale = gain / Math.sqrt(shape[1] * meanSquare);
        long rows = Math.max(1, PIECE_VALUES / shape[1]);
        try (TensorScope outer = TensorScope.open();
                Seeds seeds = new Seeds(seedOf(name))) {
            Tensor factors = Ops.mul(Ops.toF32(Tensors.of(channels, 1, shape[1])), scale);
            for (long row = 0; row < shape[0]; row += rows) {
                try (TensorScope scope = TensorScope.open()) {
                    Tensor piece = seeds.normal(Math.min(rows, shape[0] - row), shape[1]);
                    sink.accept(Ops.to(piece.mul(factors), type));
                }
            }
        }
    }

    private void normal(String name, long[] shape, double mean, double spread, Sink sink) throws IOException {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(seedOf(name))) {
            sink.accept(Ops.to(Ops.add(Ops.mul(seeds.normal(shape), spread), mean), type));
        }
    }

    /** Size of every input channel relative to the median. */
    private double[] channelFactors(String name, int count) {
        Outliers outliers = outliers(name);
        Random random = new Random(seedOf(name + "/channels"));
        double[] factors = new double[count];
        for (int i = 0; i < count; i++) {
            factors[i] = Math.exp(CHANNEL_SPREAD * random.nextGaussian());
        }
        long planted = Math.round(outliers.share() * count);
        for (long i = 0; i < planted; i++) {
            factors[random.nextInt(count)] = outliers.factor() * Math.exp(CHANNEL_SPREAD * random.nextGaussian());
        }
        return factors;
    }

    private long seedOf(String name) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(digest).getLong() ^ seed * 0x9E3779B97F4A7C15L;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static double fanIn(long[] shape) {
        double fanIn = 1;
        for (int i = 1; i < shape.length; i++) {
            fanIn *= shape[i];
        }
        return fanIn;
    }
}
