package io.arvid.quantize.adaround;

import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.InputPlan;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.bytedeco.pytorch.Tensor;

/** {@link InputScales} and their {@link Adam} in a pass each way. */
final class FusedInput implements AutoCloseable {
    /** Adding and taking away 1.5 · 2²³ rounds a float of magnitude below 2²² to the nearest integer, half to even. */
    private static final float ROUND = 12_582_912f;

    private static final float LARGEST = 4_194_303f;

    private final Lanes inputs;
    private final int tokens;
    private final Lanes values;
    private final Lanes slope;
    private final Lanes gradient;
    private final InputPlan.Static[] start;
    /** Channels before this one have the first scale. */
    private final int boundary;

    private final ScaleAdam scales;

    /**
     * Of a layer whose inputs are static.
     *
     * @param inputs float32 {@code [N, tokens, in]}, the outliers' channels last
     * @param rows samples of a batch times tokens
     */
    FusedInput(ScaledLayer layer, Tensor inputs, int rows) {
        ScaledLayer.Outliers outliers = layer.outliers();
        InputPlan.Static main = (InputPlan.Static) layer.input();
        int in = (int) inputs.size(-1);
        boolean apart = outliers != null && !outliers.sharesInput();
        this.tokens = (int) inputs.size(1);
        this.inputs = Lanes.owning(inputs);
        this.values = FusedReconstruction.zeros(rows, in);
        this.slope = FusedReconstruction.zeros(rows, in);
        this.gradient = FusedReconstruction.zeros(rows, in);
        this.start = apart
                ? new InputPlan.Static[] {main, (InputPlan.Static) outliers.input()}
                : new InputPlan.Static[] {main};
        this.boundary = apart ? in - (int) outliers.columns().numel() : in;
        this.scales = new ScaleAdam(apart ? new float[] {main.scale(), start[1].scale()} : new float[] {main.scale()});
    }

    /** x̂ {@code [rows, in]}, as {@link #quantize} left it. */
    Lanes values() {
        return values;
    }

    /** Where {@code dL/dx̂} goes before {@link #step}. */
    Lanes gradient() {
        return gradient;
    }

    private int from(int group) {
        return group == 0 ? 0 : boundary;
    }

    private int to(int group) {
        return group == 0 ? boundary : values.columns();
    }

    /** x̂ of {@code samples} at the present scales, and its derivative by them. */
    void quantize(long[] samples) {
        for (int sample = 0; sample < samples.length; sample++) {
            for (int token = 0; token < tokens; token++) {
                long source = inputs.at((int) samples[sample] * tokens + token, 0);
                long target = values.at(sample * tokens + token, 0);
                for (int group = 0; group < start.length; group++) {
                    int from = from(group);
                    quantize(source + from, target + from, to(group) - from, group);
                }
            }
        }
    }

    private void quantize(long source, long target, int length, int group) {
        float scale = scales.values()[group];
        float lowest = start[group].grid().lowest() - start[group].zero();
        float highest = start[group].grid().highest() - start[group].zero();
        for (int i = 0; i < length; i += Lanes.SPECIES.length()) {
            VectorMask<Float> mask = Lanes.SPECIES.indexInRange(i, length);
            FloatVector steps = inputs.load(source + i, mask).div(scale);
            FloatVector rounded = steps.max(-LARGEST).min(LARGEST).add(ROUND).sub(ROUND);
            FloatVector codes = rounded.max(lowest).min(highest);
            FloatVector inside = steps.blend(0, rounded.compare(VectorOperators.NE, codes));
            values.store(codes.mul(scale), target + i, mask);
            slope.store(codes.sub(inside), target + i, mask);
        }
    }

    /** One step of Adam on the scales. */
    void step(double rate) {
        float[] ofScales = new float[start.length];
        int rows = (int) values.tensor().size(0);
        for (int row = 0; row < rows; row++) {
            for (int group = 0; group < start.length; group++) {
                int from = from(group);
                ofScales[group] += dot(values.at(row, from), to(group) - from);
            }
        }
        scales.step(ofScales, rate);
        float[] now = scales.values();
        for (int group = 0; group < start.length; group++) {
            now[group] = Math.max(now[group], ScaleAdam.LEAST_SHARE * start[group].scale());
        }
    }

    private float dot(long from, int length) {
        FloatVector sum = FloatVector.zero(Lanes.SPECIES);
        for (int i = 0; i < length; i += Lanes.SPECIES.length()) {
            VectorMask<Float> mask = Lanes.SPECIES.indexInRange(i, length);
            sum = gradient.load(from + i, mask).fma(slope.load(from + i, mask), sum);
        }
        return LaneMath.sum(sum);
    }

    /** The plans of the main and of the outlier channels at the present scales. */
    InputPlan.Static[] plans() {
        float[] now = scales.values();
        InputPlan.Static main = withScale(start[0], now[0]);
        return new InputPlan.Static[] {main, start.length == 1 ? main : withScale(start[1], now[1])};
    }

    private static InputPlan.Static withScale(InputPlan.Static plan, float scale) {
        return new InputPlan.Static(plan.grid(), scale, plan.zero());
    }

    @Override
    public void close() {
        java.util.List.of(inputs, values, slope, gradient).forEach(Lanes::close);
    }
}
