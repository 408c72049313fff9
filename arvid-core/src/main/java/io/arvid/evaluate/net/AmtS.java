package io.arvid.evaluate.net;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * AMT-S, all-pairs multi-field transforms for frame interpolation (Li et al. 2023; {@code amt-s.pth}), halfway between two frames.
 *
 * <pre>{@code
 * features of both frames at 1/2 … 1/16; correlations of both frames at 1/8
 * from 1/16 up: decode flows to both frames, look up correlations where they point, refine flows and features
 * last: several flows, masks and residuals a pixel; warp both frames by each, blend, average, and add a learned combination
 * }</pre>
 */
public final class AmtS implements FrameInterpolator, AutoCloseable {
    private static final int LEVELS = 4;
    private static final int RADIUS = 3;
    private static final double HALFWAY = 0.5;

    /** Flows towards both frames {@code [1, 2, h, w]} in pixels of their own resolution, and features {@code [1, C, h, w]}. */
    private record State(Tensor flow0, Tensor flow1, Tensor features) {}

    /** Several flows a pixel {@code [1, 2n, H, W]}, masks {@code [1, n, H, W]} and residuals {@code [1, 3n, H, W]}. */
    private record Fields(Tensor flow0, Tensor flow1, Tensor mask, Tensor residual) {}

    /** Correlations as seen from each frame. */
    private record Correlations(CorrelationPyramid from0, CorrelationPyramid from1, Tensor grid) {}

    private final NetWeights weights;
    private final AmtLayers layers;

    /** Copies the parameters; widths are read from them. */
    public AmtS(WeightMap file) {
        this.weights = NetWeights.copy("AMT-S", file);
        this.layers = new AmtLayers(weights);
    }

    @Override
    public Tensor middle(Tensor first, Tensor second) {
        return TensorScope.run(() -> {
            Tensor mean = Ops.mean(Ops.cat(2, first, second), true, 1, 2, 3);
            Tensor image0 = first.sub(mean);
            Tensor image1 = second.sub(mean);
            Correlations correlations = correlate(image0, image1);
            List<Tensor> pyramid0 = pyramid(image0);
            List<Tensor> pyramid1 = pyramid(image1);

            State state = decodeCoarsest(pyramid0.get(3), pyramid1.get(3));
            state = refine("update4", state, correlations, 1);
            state = decode("decoder3", state, pyramid0.get(2), pyramid1.get(2));
            state = refine("update3", state, correlations, 2);
            state = decode("decoder2", state, pyramid0.get(1), pyramid1.get(1));
            state = refine("update2", state, correlations, 4);
            Fields fields = decodeFields(state, pyramid0.get(0), pyramid1.get(0));
            return Ops.clamp(combine(image0, image1, mean, fields), 0, 1);
        });
    }

    private Correlations correlate(Tensor image0, Tensor image1) {
        Tensor both = layers.correlationFeatures(Ops.cat(0, image0, image1));
        Tensor features0 = Ops.slice(both, 0, 0, 1);
        Tensor features1 = Ops.slice(both, 0, 1, 2);
        return new Correlations(
                new CorrelationPyramid(features0, features1, LEVELS, RADIUS),
                CorrelationPyramid.reversed(features0, features1, LEVELS, RADIUS),
                CorrelationPyramid.grid(both.size(2), both.size(3)));
    }

    /** Features of one image at 1/2, 1/4, 1/8 and 1/16. */
    private List<Tensor> pyramid(Tensor image) {
        List<Tensor> features = new ArrayList<>();
        Tensor x = image;
        for (int level = 1; weights.has("encoder.pyramid" + level + ".0.0.weight"); level++) {
            String name = "encoder.pyramid" + level;
            x = layers.convPrelu(name + ".1", layers.convPrelu(name + ".0", x, 2), 1);
            features.add(x);
        }
        return features;
    }

    private State decodeCoarsest(Tensor features0, Tensor features1) {
        Tensor time = Tensors.full(DTypes.F32, HALFWAY, 1, 1, features0.size(2), features0.size(3));
        Tensor out = layers.decoder("decoder4", Ops.cat(1, features0, features1, time));
        return state(out);
    }

    private State decode(String name, State coarse, Tensor features0, Tensor features1) {
        State found = state(layers.decoder(name, decoderInput(coarse, features0, features1)));
        return new State(
                found.flow0().add(Ops.mul(ImageOps.scaleBilinear(coarse.flow0(), 2), 2)),
                found.flow1().add(Ops.mul(ImageOps.scaleBilinear(coarse.flow1(), 2), 2)),
                found.features());
    }

    private Tensor decoderInput(State coarse, Tensor features0, Tensor features1) {
        return Ops.cat(
                1,
                coarse.features(),
                AmtLayers.warp(features0, coarse.flow0()),
                AmtLayers.warp(features1, coarse.flow1()),
                coarse.flow0(),
                coarse.flow1());
    }

    private static State state(Tensor decoded) {
        return new State(
                Ops.slice(decoded, 1, 0, 2), Ops.slice(decoded, 1, 2, 4), Ops.slice(decoded, 1, 4, decoded.size(1)));
    }

    /** Looks up correlations where the flows point, at 1/8 of the image, and adds what the update network makes of them. */
    private State refine(String name, State state, Correlations correlations, int finer) {
        Tensor flow0 = shrink(state.flow0(), finer);
        Tensor flow1 = shrink(state.flow1(), finer);
        Tensor correlation = Ops.cat(
                1,
                correlations.from0().lookup(correlations.grid().add(Ops.mul(flow1, 1 / HALFWAY))),
                correlations.from1().lookup(correlations.grid().add(Ops.mul(flow0, 1 / (1 - HALFWAY)))));
        AmtLayers.Update update = layers.update(name, state.features(), Ops.cat(1, flow0, flow1), correlation, finer);
        return new State(
                state.flow0().add(Ops.slice(update.flow(), 1, 0, 2)),
                state.flow1().add(Ops.slice(update.flow(), 1, 2, 4)),
                state.features().add(update.features()));
    }

    private static Tensor shrink(Tensor flow, int finer) {
        return finer == 1 ? flow : Ops.mul(ImageOps.scaleBilinear(flow, 1.0 / finer), 1.0 / finer);
    }

    private Fields decodeFields(State coarse, Tensor features0, Tensor features1) {
        Tensor out = layers.decoder("decoder1", decoderInput(coarse, features0, features1));
        long flows = out.size(1) / 8;
        Tensor up0 = Ops.mul(ImageOps.scaleBilinear(coarse.flow0(), 2), 2).repeat(1, flows, 1, 1);
        Tensor up1 = Ops.mul(ImageOps.scaleBilinear(coarse.flow1(), 2), 2).repeat(1, flows, 1, 1);
        return new Fields(
                Ops.slice(out, 1, 0, 2 * flows).add(up0),
                Ops.slice(out, 1, 2 * flows, 4 * flows).add(up1),
                Ops.slice(out, 1, 4 * flows, 5 * flows).sigmoid(),
                Ops.slice(out, 1, 5 * flows, 8 * flows));
    }

    /** Warps both images by every flow, blends each pair, and returns their mean plus a learned combination. */
    private Tensor combine(Tensor image0, Tensor image1, Tensor mean, Fields fields) {
        long flows = fields.mask().size(1);
        long height = image0.size(2);
        long width = image0.size(3);
        Tensor warped0 =
                AmtLayers.warp(image0.repeat(flows, 1, 1, 1), fields.flow0().reshape(flows, 2, height, width));
        Tensor warped1 =
                AmtLayers.warp(image1.repeat(flows, 1, 1, 1), fields.flow1().reshape(flows, 2, height, width));
        Tensor mask = fields.mask().reshape(flows, 1, height, width);
        Tensor keep = Ops.add(Ops.mul(mask, -1), 1);
        Tensor blended = mask.mul(warped0)
                .add(keep.mul(warped1))
                .add(mean)
                .add(fields.residual().reshape(flows, 3, height, width));
        Tensor combined = layers.combine(blended.reshape(1, 3 * flows, height, width));
        return Ops.mean(blended, true, 0).add(combined);
    }

    @Override
    public void close() {
        weights.close();
    }
}
