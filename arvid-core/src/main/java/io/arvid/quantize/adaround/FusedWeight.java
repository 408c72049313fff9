package io.arvid.quantize.adaround;

import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.bytedeco.pytorch.Tensor;

/** {@link RoundingRelaxation}, {@link WeightScales} and their {@link Adam} in two passes an iteration. */
final class FusedWeight implements AutoCloseable {
    private static final float GAMMA = -0.1f;
    private static final float SPAN = 1.2f;

    private final FusedReconstruction.Spans spans;
    private final int rows;
    private final int groups;
    private final Lanes floor;
    private final Lanes alpha;
    private final Lanes mean;
    private final Lanes square;
    private final Lanes sigmoid;
    private final Lanes values;
    private final Lanes gradient;
    private final float[] start;
    private final float[] scales;
    private final float[] zeros;
    private final float lowestCode;
    private final float highestCode;
    private final ScaleAdam factors;
    private int steps;

    FusedWeight(ScaledLayer layer, Tensor columnOrder, FusedReconstruction.Spans spans) {
        this.spans = spans;
        this.rows = (int) layer.weight().size(0);
        int in = (int) layer.weight().size(1);
        try (RoundingRelaxation relaxation = new RoundingRelaxation(layer)) {
            this.floor = Lanes.owning(relaxation.floor().index_select(1, columnOrder));
            this.alpha = Lanes.owning(relaxation.alpha().index_select(1, columnOrder));
        }
        this.mean = FusedReconstruction.zeros(rows, in);
        this.square = FusedReconstruction.zeros(rows, in);
        this.sigmoid = FusedReconstruction.zeros(rows, in);
        this.values = FusedReconstruction.zeros(rows, in);
        this.gradient = FusedReconstruction.zeros(rows, in);
        this.start = Tensors.toFloats(layer.scaleTable());
        this.groups = start.length / rows;
        this.scales = start.clone();
        this.zeros = Tensors.toFloats(layer.zeroTable());
        this.lowestCode = layer.rule().grid().lowest();
        this.highestCode = layer.rule().grid().highest();
        float[] ones = new float[start.length];
        java.util.Arrays.fill(ones, 1);
        this.factors = new ScaleAdam(ones);
    }

    /** Ŵ {@code [out, in]}, as {@link #relax} left it. */
    Lanes values() {
        return values;
    }

    /** Where {@code dL/dŴ} goes before {@link #step}. */
    Lanes gradient() {
        return gradient;
    }

    Tensor alpha() {
        return alpha.tensor();
    }

    /** Ŵ at the present α and scales. */
    void relax() {
        for (int row = 0; row < rows; row++) {
            for (int span = 0; span < spans.count(); span++) {
                int pair = row * groups + spans.groups()[span];
                long from = floor.at(row, spans.starts()[span]);
                int length = spans.starts()[span + 1] - spans.starts()[span];
                relax(from, length, scales[pair], lowestCode - zeros[pair], highestCode - zeros[pair]);
            }
        }
    }

    private void relax(long from, int length, float scale, float lowest, float highest) {
        for (int i = 0; i < length; i += Lanes.SPECIES.length()) {
            VectorMask<Float> mask = Lanes.SPECIES.indexInRange(i, length);
            FloatVector sigma = sigmoid(alpha.load(from + i, mask));
            sigmoid.store(sigma, from + i, mask);
            FloatVector soft = sigma.mul(SPAN).add(GAMMA).max(0).min(1);
            FloatVector codes = floor.load(from + i, mask).add(soft).max(lowest).min(highest);
            values.store(codes.mul(scale), from + i, mask);
        }
    }

    private static FloatVector sigmoid(FloatVector x) {
        return FloatVector.broadcast(Lanes.SPECIES, 1).div(LaneMath.exp(x.neg()).add(1));
    }

    /**
     * One step of Adam on α, and on the factors of the scales.
     *
     * @param beta exponent of the rounding loss, 0 for none
     * @param weight weight of the rounding loss
     * @param rate learning rate of α
     * @param scaleRate learning rate of the factors, 0 to leave them
     */
    void step(double beta, double weight, double rate, double scaleRate) {
        steps++;
        Rates rates = new Rates(
                (float) (-2 * beta * weight),
                (float) (beta - 1),
                (float) (-rate / (1 - Math.pow(ScaleAdam.BETA1, steps))),
                (float) Math.sqrt(1 - Math.pow(ScaleAdam.BETA2, steps)));
        float[] ofFactors = new float[start.length];
        for (int row = 0; row < rows; row++) {
            for (int span = 0; span < spans.count(); span++) {
                int pair = row * groups + spans.groups()[span];
                long from = floor.at(row, spans.starts()[span]);
                int length = spans.starts()[span + 1] - spans.starts()[span];
                float low = lowestCode - zeros[pair];
                float high = highestCode - zeros[pair];
                ofFactors[pair] += start[pair] * step(from, length, scales[pair], low, high, rates);
            }
        }
        if (scaleRate > 0) {
            factors.step(ofFactors, scaleRate);
            for (int i = 0; i < scales.length; i++) {
                scales[i] = start[i] * factors.values()[i];
            }
        }
    }

    private record Rates(float rounding, float exponent, float rate, float correction) {}

    /** {@code Σ dL/dŴ · codes} of the span; changes α and its moments. */
    private float step(long from, int length, float scale, float lowest, float highest, Rates rates) {
        FloatVector sum = FloatVector.zero(Lanes.SPECIES);
        for (int i = 0; i < length; i += Lanes.SPECIES.length()) {
            VectorMask<Float> mask = Lanes.SPECIES.indexInRange(i, length);
            long at = from + i;
            FloatVector sigma = sigmoid.load(at, mask);
            FloatVector stretched = sigma.mul(SPAN).add(GAMMA);
            FloatVector soft = stretched.max(0).min(1);
            FloatVector open = floor.load(at, mask).add(soft);
            FloatVector codes = open.max(lowest).min(highest);
            FloatVector ofWeight = gradient.load(at, mask);
            sum = sum.add(ofWeight.mul(codes));
            FloatVector ofSoft = ofWeight.mul(scale).blend(0, codes.compare(VectorOperators.NE, open));
            if (rates.rounding() != 0) {
                ofSoft = addRounding(ofSoft, soft, rates);
            }
            FloatVector slope = sigma.mul(sigma.neg().add(1)).mul(SPAN);
            FloatVector ofAlpha = ofSoft.mul(slope).blend(0, soft.compare(VectorOperators.NE, stretched));
            adam(at, mask, ofAlpha, rates);
        }
        return LaneMath.sum(sum);
    }

    private static FloatVector addRounding(FloatVector ofSoft, FloatVector soft, Rates rates) {
        FloatVector signed = soft.mul(2).add(-1);
        FloatVector power = LaneMath.pow(signed.abs(), rates.exponent());
        FloatVector term = power.mul(rates.rounding());
        return ofSoft.add(term.blend(term.neg(), signed.lt(0)));
    }

    private void adam(long at, VectorMask<Float> mask, FloatVector g, Rates rates) {
        FloatVector m = mean.load(at, mask);
        m = m.add(g.sub(m).mul((float) (1 - ScaleAdam.BETA1)));
        FloatVector v =
                square.load(at, mask).mul((float) ScaleAdam.BETA2).add(g.mul(g).mul((float) (1 - ScaleAdam.BETA2)));
        mean.store(m, at, mask);
        square.store(v, at, mask);
        FloatVector denominator = v.sqrt().div(rates.correction()).add((float) ScaleAdam.EPSILON);
        alpha.store(alpha.load(at, mask).add(m.div(denominator).mul(rates.rate())), at, mask);
    }

    /** Codes with every weight rounded to the side that its α favors, in the order of columns here, float32. */
    Tensor hardCodes() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor up = Ops.toF32(Ops.ge(alpha.tensor(), 0));
            Tensor codes = floor.tensor().add(up);
            long in = codes.size(1);
            float[] zero = new float[rows * (int) in];
            for (int row = 0; row < rows; row++) {
                for (int span = 0; span < spans.count(); span++) {
                    int base = row * (int) in;
                    java.util.Arrays.fill(
                            zero,
                            base + spans.starts()[span],
                            base + spans.starts()[span + 1],
                            zeros[row * groups + spans.groups()[span]]);
                }
            }
            return scope.keep(Ops.clamp_(codes.add_(Tensors.of(zero, rows, in)), lowestCode, highestCode));
        }
    }

    /** Present scales, as {@link ScaledLayer#scaleTable}. */
    Tensor scaleTable() {
        return Tensors.of(scales, rows, groups);
    }

    @Override
    public void close() {
        java.util.List.of(floor, alpha, mean, square, sigmoid, values, gradient).forEach(Lanes::close);
    }
}
