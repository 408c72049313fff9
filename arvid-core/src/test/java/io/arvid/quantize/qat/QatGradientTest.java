package io.arvid.quantize.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.model.LinearSite;
import io.arvid.model.SiteRole;
import io.arvid.quantize.qvgen.AuxiliaryModule;
import io.arvid.quantize.qvgen.ClippedDynamicInput;
import io.arvid.quantize.qvgen.Follow;
import io.arvid.quantize.qvgen.LsqWeight;
import io.arvid.quantize.qvgen.StraightThrough;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Gradients;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** One training step of one layer against gradients that are derived by hand and written out in plain Java, in float64. */
class QatGradientTest {
    private static final int OUT = 5;
    private static final int IN = 7;
    private static final int TOKENS = 6;
    private static final int RANK = 2;
    private static final int STEPS = 15;
    private static final double FADING = 0.3;

    @Test
    void aStepFollowsTheHandDerivedGradients() {
        Torch.setThreads(1);
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(2)) {
            Tensor weight = Gradients.leaf(seeds.normal(OUT, IN));
            Tensor scale = Gradients.leaf(Ops.add(Ops.mul(seeds.uniform(OUT, 1), 0.1), 0.2));
            Tensor zero = Gradients.leaf(Ops.add(seeds.uniform(OUT, 1), 7));
            Tensor left = Gradients.leaf(seeds.normal(OUT, RANK));
            Tensor right = Gradients.leaf(seeds.normal(RANK, IN));
            Tensor lower = Gradients.leaf(Ops.add(seeds.uniform(3), 1));
            Tensor upper = Gradients.leaf(Ops.add(seeds.uniform(3), 1));
            Tensor x = seeds.normal(1, TOKENS, IN);
            Tensor upstream = seeds.normal(1, TOKENS, OUT);
            long[] bucket = {0, 2, 1, 2, 0, 0};
            IntGrid grid = IntGrid.asymmetric(4);
            QatLayer layer = new QatLayer(
                    LinearSite.of(SiteRole.FFN_UP, 0, IN, OUT),
                    LsqWeight.of(grid),
                    weight,
                    seeds.normal(OUT),
                    scale,
                    zero,
                    null,
                    new AuxiliaryModule(left, right),
                    new QatInput.Clipped(
                            ClippedDynamicInput.of(grid, Follow.PAPER, StraightThrough.PLAIN), lower, upper),
                    QatRecipe.Precision.F32);
            Tensor gamma = Tensors.of(new float[] {1, (float) FADING}, RANK);
            Tensor output = layer.output(
                    x, Tensors.of(bucket, TOKENS), layer.effectiveWeight(new QatLayer.Fading(RANK, gamma)));
            List<Tensor> found = Gradients.of(output, upstream, weight, scale, zero, left, right, lower, upper);

            ByHand hand = new ByHand(
                    Tensors.toFloats(weight),
                    Tensors.toFloats(scale),
                    Tensors.toFloats(zero),
                    Tensors.toFloats(left),
                    Tensors.toFloats(right),
                    Tensors.toFloats(lower),
                    Tensors.toFloats(upper),
                    Tensors.toFloats(x),
                    Tensors.toFloats(upstream),
                    bucket);
            List<double[]> expected = hand.gradients();
            for (int i = 0; i < expected.size(); i++) {
                double[] values = Tensors.toDoubles(found.get(i));
                for (int k = 0; k < values.length; k++) {
                    // float32 sums of about a hundred terms of size 10
                    assertThat(values[k])
                            .as("gradient " + i + "[" + k + "]")
                            .isCloseTo(expected.get(i)[k], within(1e-3));
                }
            }
        }
    }

    /** The layer and its gradients in loops. */
    private record ByHand(
            float[] w,
            float[] s,
            float[] z,
            float[] l,
            float[] r,
            float[] a,
            float[] b,
            float[] x,
            float[] dy,
            long[] bucket) {
        List<double[]> gradients() {
            double[] xq = new double[TOKENS * IN];
            double[] effective = new double[OUT * IN];
            double[] gamma = {1, FADING};
            for (int o = 0; o < OUT; o++) {
                for (int i = 0; i < IN; i++) {
                    effective[o * IN + i] = s[o] * (code(o, i) - z[o]);
                    for (int k = 0; k < RANK; k++) {
                        effective[o * IN + i] += l[o * RANK + k] * gamma[k] * r[k * IN + i];
                    }
                }
            }
            for (int t = 0; t < TOKENS; t++) {
                for (int i = 0; i < IN; i++) {
                    xq[t * IN + i] = step(t) * (inputCode(t, i) - inputZero(t));
                }
            }
            double[] dWeight = new double[OUT * IN];
            double[] dW = new double[OUT * IN];
            double[] dScale = new double[OUT];
            double[] dZero = new double[OUT];
            double[] dL = new double[OUT * RANK];
            double[] dR = new double[RANK * IN];
            double[] dA = new double[3];
            double[] dB = new double[3];
            for (int o = 0; o < OUT; o++) {
                for (int i = 0; i < IN; i++) {
                    for (int t = 0; t < TOKENS; t++) {
                        dWeight[o * IN + i] += dy[t * OUT + o] * xq[t * IN + i];
                    }
                    double g = dWeight[o * IN + i];
                    double raw = w[o * IN + i] / s[o] + z[o];
                    boolean inside = Math.rint((float) raw) >= 0 && Math.rint((float) raw) <= STEPS;
                    dW[o * IN + i] = inside ? g : 0;
                    dScale[o] += g * (code(o, i) - z[o] - (inside ? w[o * IN + i] / s[o] : 0));
                    dZero[o] += inside ? 0 : -g * s[o];
                    for (int k = 0; k < RANK; k++) {
                        dL[o * RANK + k] += g * gamma[k] * r[k * IN + i];
                        dR[k * IN + i] += g * gamma[k] * l[o * RANK + k];
                    }
                }
            }
            for (int t = 0; t < TOKENS; t++) {
                int g = (int) bucket[t];
                double dStep = 0;
                for (int i = 0; i < IN; i++) {
                    double dxq = 0;
                    for (int o = 0; o < OUT; o++) {
                        dxq += dy[t * OUT + o] * effective[o * IN + i];
                    }
                    double raw = Math.rint((float) (x[t * IN + i] / step(t))) + inputZero(t);
                    boolean inside = raw >= 0 && raw <= STEPS;
                    dStep += dxq * (inputCode(t, i) - inputZero(t) - (inside ? x[t * IN + i] / step(t) : 0));
                }
                dA[g] += -dStep * low(t) / STEPS * sigmoid(a[g]) * (1 - sigmoid(a[g]));
                dB[g] += dStep * high(t) / STEPS * sigmoid(b[g]) * (1 - sigmoid(b[g]));
            }
            return List.of(dW, dScale, dZero, dL, dR, dA, dB);
        }

        private double code(int o, int i) {
            return Math.clamp(Math.rint((float) (w[o * IN + i] / s[o] + z[o])), 0, STEPS);
        }

        private double low(int t) {
            double low = Double.MAX_VALUE;
            for (int i = 0; i < IN; i++) {
                low = Math.min(low, x[t * IN + i]);
            }
            return low;
        }

        private double high(int t) {
            double high = -Double.MAX_VALUE;
            for (int i = 0; i < IN; i++) {
                high = Math.max(high, x[t * IN + i]);
            }
            return high;
        }

        private double step(int t) {
            int g = (int) bucket[t];
            return (sigmoid(b[g]) * high(t) - sigmoid(a[g]) * low(t)) / STEPS;
        }

        private double inputZero(int t) {
            return -Math.rint((float) (sigmoid(a[(int) bucket[t]]) * low(t) / step(t)));
        }

        private double inputCode(int t, int i) {
            return Math.clamp(Math.rint((float) (x[t * IN + i] / step(t))) + inputZero(t), 0, STEPS);
        }

        private static double sigmoid(double value) {
            return 1 / (1 + Math.exp(-value));
        }
    }
}
