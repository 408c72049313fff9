package io.arvid.model.wan;

import io.arvid.model.LinearSite;
import io.arvid.model.SiteRole;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Outlier input channels that leave the full-precision function as it is: between two maps that are linear in a channel, one is multiplied by a gain and
 * the other divided by it. Gains are powers of two, so every weight keeps its digits and every product its value, bit for bit.
 *
 * <pre>
 * self_attn.o    columns · g      self_attn.v: rows and bias / g      attention mixes tokens, never channels
 * cross_attn.o   columns · g      cross_attn.v: rows and bias / g
 * cross_attn.q   columns · g      norm3: weight and bias / g
 * </pre>
 *
 * <p>Nothing else in a block can be rescaled so. GELU lies before ffn.2 and is not linear. The inputs of self_attn.q, k, v and of ffn.0 are
 * {@code x̂·(1 + scale) + shift}, whose rows are sums of a block's {@code modulation} and of {@code time_projection}, which all blocks share: gains would
 * have to be the same in every block, and {@code g − 1} would have to be added to the modulation, which bfloat16 rounds. Text states come through
 * {@code text_embedding.2}, shared by the keys and values of all blocks.
 */
public final class ChannelRescaling {
    /** Layers whose inputs can be rescaled exactly. */
    public static final List<SiteRole> LAYERS = List.of(SiteRole.SELF_O, SiteRole.CROSS_O, SiteRole.CROSS_Q);

    private static final int SMALLEST_GAIN = 4;
    private static final int LARGEST_GAIN = 256;

    /** What stands out. */
    public enum Side {
        /** Columns of the weight, as in the layers that Q-ARVD shows (Figures 3 and 8 to 10); the inputs become small. */
        WEIGHTS,
        /** The inputs, as SmoothQuant describes; the columns become small. */
        INPUTS
    }

    /**
     * What is planted.
     *
     * @param side what stands out
     * @param share of the input channels of a layer; one channel at least
     * @param gain largest gain, a power of two from 4 to 256: half of the planted channels have 4, half of the others 8, and so on
     * @param layers of {@link #LAYERS}
     * @param seed of channels and gains
     */
    public record Settings(Side side, double share, int gain, List<SiteRole> layers, long seed) {
        /** Checks the settings. */
        public Settings {
            layers = List.copyOf(layers);
            if (!(share > 0 && share <= 0.5)) {
                throw new IllegalArgumentException("a share of " + share + " of the channels; use up to 0.5");
            }
            if (Integer.bitCount(gain) != 1 || gain < SMALLEST_GAIN || gain > LARGEST_GAIN) {
                throw new IllegalArgumentException("a gain of " + gain + "; use a power of two from " + SMALLEST_GAIN
                        + " to " + LARGEST_GAIN + ", which changes no digit of a weight");
            }
            if (layers.isEmpty() || !LAYERS.containsAll(layers)) {
                throw new IllegalArgumentException("channels can be rescaled exactly before "
                        + LAYERS.stream().map(SiteRole::suffix).toList() + ", not before "
                        + layers.stream()
                                .filter(layer -> !LAYERS.contains(layer))
                                .map(SiteRole::suffix)
                                .toList());
            }
        }
    }

    /**
     * What was planted in one layer.
     *
     * @param site the layer
     * @param gains by input channel
     */
    public record Planted(LinearSite site, SequencedMap<Integer, Integer> gains) {}

    /**
     * A rescaled transformer.
     *
     * @param weights all of them, by name, in their own types; those that did not change are the source's
     * @param planted what was planted, layer by layer
     */
    public record Rescaled(SequencedMap<String, Tensor> weights, List<Planted> planted) {}

    private final SequencedMap<String, Tensor> weights;

    private ChannelRescaling(WeightMap source) {
        this.weights = new LinkedHashMap<>(source.entries());
    }

    /**
     * Rescales {@code source}, which stays as it is. New tensors belong to the open scope.
     *
     * @throws IllegalArgumentException where a weight would overflow or underflow its type
     */
    public static Rescaled rescale(WanConfig config, WeightMap source, Settings settings) {
        ChannelRescaling rescaling = new ChannelRescaling(source);
        SplittableRandom random = new SplittableRandom(settings.seed());
        List<Planted> planted = new ArrayList<>();
        for (LinearSite site : config.sites()) {
            if (settings.layers().contains(site.role())) {
                Planted here = new Planted(site, gains(site.inFeatures(), settings, random));
                rescaling.apply(here, settings.side());
                planted.add(here);
            }
        }
        return new Rescaled(rescaling.weights, List.copyOf(planted));
    }

    private static SequencedMap<Integer, Integer> gains(int channels, Settings settings, SplittableRandom random) {
        long count = Math.max(1, Math.round(settings.share() * channels));
        TreeMap<Integer, Integer> gains = new TreeMap<>();
        while (gains.size() < count) {
            int channel = random.nextInt(channels);
            if (!gains.containsKey(channel)) {
                gains.put(channel, gain(settings.gain(), random));
            }
        }
        return gains;
    }

    /** The tail of a Pareto distribution of index 1: a gain of g or more has the probability 4 / g. */
    private static int gain(int largest, SplittableRandom random) {
        int gain = SMALLEST_GAIN;
        while (gain < largest && random.nextBoolean()) {
            gain *= 2;
        }
        return gain;
    }

    private void apply(Planted planted, Side side) {
        LinearSite site = planted.site();
        double[] ofColumns = new double[site.inFeatures()];
        Arrays.fill(ofColumns, 1);
        planted.gains().forEach((channel, gain) -> ofColumns[channel] = side == Side.WEIGHTS ? gain : 1.0 / gain);
        double[] ofProducer = Arrays.stream(ofColumns).map(gain -> 1 / gain).toArray();
        multiply(site.name() + ".weight", ofColumns, 1);
        String block = "blocks." + site.block() + ".";
        String producer = switch (site.role()) {
            case SELF_O -> block + SiteRole.SELF_V.suffix();
            case CROSS_O -> block + SiteRole.CROSS_V.suffix();
            case CROSS_Q -> block + "norm3";
            default -> throw new IllegalArgumentException(site.name());
        };
        multiply(producer + ".weight", ofProducer, 0);
        multiply(producer + ".bias", ofProducer, 0);
    }

    /** Multiplies the slices of tensor {@code name} along {@code dim} by {@code factors}, and makes sure that this can be undone bit for bit. */
    private void multiply(String name, double[] factors, int dim) {
        Tensor old = weights.get(name);
        Tensor scaled = TensorScope.run(() -> {
            long[] shape = new long[(int) old.dim()];
            Arrays.fill(shape, 1);
            shape[dim] = factors.length;
            Tensor factor = Ops.to(Tensors.of(factors, shape), DTypes.of(old));
            Tensor product = old.mul(factor);
            if (!product.div(factor).equal(old)) {
                throw new IllegalArgumentException(
                        name + " has values that a gain takes out of the range of " + DTypes.of(old));
            }
            return product;
        });
        weights.put(name, scaled);
    }

    /** The layer called {@code suffix}, such as {@code self_attn.o}. */
    public static SiteRole layer(String suffix) {
        Map<String, SiteRole> known = new LinkedHashMap<>();
        LAYERS.forEach(role -> known.put(role.suffix(), role));
        SiteRole role = known.get(suffix);
        if (role == null) {
            throw new IllegalArgumentException(
                    "channels can be rescaled exactly before " + known.keySet() + ", not before '" + suffix + "'");
        }
        return role;
    }
}
