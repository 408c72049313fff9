package io.arvid.rollout.kv;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.rollout.kv.GroupedQuantizer.Axis;
import io.arvid.rollout.kv.GroupedQuantizer.Padding;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenQuantizerTest {
    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    @ParameterizedTest
    @CsvSource({"8,TOKENS", "4,TOKENS", "2,TOKENS", "8,CHANNELS", "4,CHANNELS", "2,CHANNELS"})
    void groupedErrorsStayWithinHalfAStep(int bits, Axis along) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Tensor x = Ops.add(seeds.normal(2, 3, 40, 32), 5);
            TokenQuantizer quantizer = new GroupedQuantizer(bits, 16, along, DTypes.F32, Padding.LAST);
            try (QuantizedTokens tokens = quantizer.quantize(x)) {
                Tensor error = tokens.dequantize().sub(x);
                double range = Tensors.item(Ops.amax(x, false, 0, 1, 2, 3).sub(Ops.amin(x, false, 0, 1, 2, 3)));
                double halfStep = range / ((1 << bits) - 1) / 2;
                assertThat(Tensors.item(Ops.amax(error.abs(), false, 0, 1, 2, 3)))
                        .isLessThan(halfStep * 1.001);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"8,64,0.516", "8,128,0.516", "4,64,0.282", "2,64,0.157"})
    void bytesAreWhatTheBitsSay(int bits, int group, double shareOfBf16) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Tensor x = seeds.normal(1, 2, 512, 128);
            TokenQuantizer quantizer =
                    new GroupedQuantizer(bits, bits == 8 ? 128 : group, Axis.TOKENS, DTypes.F16, Padding.LAST);
            try (QuantizedTokens tokens = quantizer.quantize(x)) {
                assertThat(tokens.bytes() / (2.0 * x.numel())).isLessThanOrEqualTo(shareOfBf16);
            }
        }
    }

    @Test
    void theExpectedErrorIsTheErrorOfUniformRounding() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(5)) {
            Tensor x = seeds.normal(1, 2, 1024, 16);
            for (Axis along : Axis.values()) {
                TokenQuantizer quantizer = new GroupedQuantizer(4, 16, along, DTypes.F32, Padding.LAST);
                try (QuantizedTokens tokens = quantizer.quantize(x)) {
                    double measured = Tensors.item(Ops.meanSquaredError(tokens.dequantize(), x));
                    double expected = Tensors.item(Ops.mean(tokens.errorVariance(), false, 0, 1, 2, 3));
                    // The two ends of every group of 16 are hit exactly, so that 14 of 16 values err.
                    assertThat(measured / expected).isBetween(0.8, 1.0);
                }
            }
        }
    }

    /** Three groups of 20 four-bit codes fill seven words and a half; whole words and groups are eighty codes, of which the last group is padding. */
    @Test
    void groupsOfPaddingAreNoTokensWithoutAnError() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(5)) {
            Tensor x = seeds.normal(1, 2, 60, 32);
            TokenQuantizer quantizer = new GroupedQuantizer(4, 20, Axis.TOKENS, DTypes.F32, Padding.LAST);
            try (QuantizedTokens tokens = quantizer.quantize(x)) {
                double measured = Tensors.item(Ops.meanSquaredError(tokens.dequantize(), x));
                double expected = Tensors.item(Ops.mean(tokens.errorVariance(), false, 0, 1, 2, 3));
                assertThat(measured / expected).isBetween(0.8, 1.0);
            }
        }
    }

    @Test
    void zeroPaddingWidensTheLastGroupAndRepeatingTheLastValueDoesNot() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(7)) {
            Tensor x = Ops.add(seeds.normal(1, 1, 20, 4), 50);
            double zero = error(new GroupedQuantizer(4, 16, Axis.TOKENS, DTypes.F32, Padding.ZERO), x);
            double last = error(new GroupedQuantizer(4, 16, Axis.TOKENS, DTypes.F32, Padding.LAST), x);
            assertThat(last).isLessThan(zero / 10);
        }
    }

    @Test
    void aStageOfClustersLeavesLessToRound() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(9)) {
            Tensor centers = Ops.mul(seeds.normal(1, 2, 8, 64), 5);
            Tensor x = Ops.repeatInterleave(centers, 24, 2).add(seeds.normal(1, 2, 192, 64));
            BlockQuantizer blocks = new BlockQuantizer(2, 64, false);
            KMeans clustering = new KMeans(10, 1e-4);
            double none = error(new ResidualQuantizer(0, 8, clustering, blocks, DTypes.BF16, 1), x);
            double one = error(new ResidualQuantizer(1, 16, clustering, blocks, DTypes.BF16, 1), x);
            assertThat(one).isLessThan(none / 5);
        }
    }

    @Test
    void equalInitialCentroidsGiveAllMembersToTheFirst() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(11)) {
            Tensor points = seeds.normal(1, 50, 33);
            Tensor same = Ops.slice(points, 1, 0, 1).expand(1, 5, 33).contiguous();
            KMeans.Clusters clusters = new KMeans(1, 0).cluster(points, same);
            assertThat(Tensors.toLongs(clusters.ids())).containsOnly(0);
            Tensor kept = Ops.slice(clusters.centroids(), 1, 1, 5);
            assertThat(Tensors.toFloats(kept)).isEqualTo(Tensors.toFloats(Ops.slice(same, 1, 1, 5)));
        }
    }

    /** Each comparison is larger than all centroids: kept until the end, those of 256 centroids took a gigabyte at full size. */
    @Test
    void centroidsAreComparedOneAtATime() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(13)) {
            int clusters = 64;
            Tensor centroids = seeds.normal(1, clusters, 8);
            long before = Pointer.totalCount();
            Tensor first = KMeans.firstOfEquals(centroids);
            assertThat(Pointer.totalCount() - before).isLessThan(clusters);
            long[] themselves = LongStream.range(0, clusters).toArray();
            assertThat(Tensors.toLongs(first)).isEqualTo(themselves);
        }
    }

    private static double error(TokenQuantizer quantizer, Tensor x) {
        try (QuantizedTokens tokens = quantizer.quantize(x)) {
            return Tensors.item(Ops.meanSquaredError(tokens.dequantize(), x));
        }
    }
}
