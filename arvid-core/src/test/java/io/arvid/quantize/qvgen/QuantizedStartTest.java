package io.arvid.quantize.qvgen;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class QuantizedStartTest {
    private static final IntGrid GRID = IntGrid.asymmetric(3);
    private static final int RANK = 2;

    private static byte[] product(AuxiliaryModule module) {
        return Tensors.toBytes(module.left().matmul(module.right()));
    }

    @Test
    void afterSeveralIterationsTheModuleIsOfWhatTrainingQuantizes() {
        Torch.setThreads(1);
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(6)) {
            Tensor weight = seeds.normal(12, 16);
            QuantizedStart paper = QuantizedStart.of(weight, GRID, RANK, 3, Follow.PAPER);
            QuantizedStart code = QuantizedStart.of(weight, GRID, RANK, 3, Follow.CODE);
            assertThat(Tensors.toBytes(paper.pairs().scales()))
                    .isEqualTo(Tensors.toBytes(code.pairs().scales()));
            Tensor fake = LsqWeight.of(GRID)
                    .fake(weight, paper.pairs().scales(), paper.pairs().zeros());
            assertThat(product(paper.module())).isEqualTo(product(AuxiliaryModule.ofError(weight.sub(fake), RANK)));
            assertThat(paper.error(weight, GRID)).isLessThan(code.error(weight, GRID));
        }
    }

    @Test
    void oneIterationIsTheSameInBoth() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(6)) {
            Tensor weight = seeds.normal(12, 16);
            QuantizedStart paper = QuantizedStart.of(weight, GRID, RANK, 1, Follow.PAPER);
            QuantizedStart code = QuantizedStart.of(weight, GRID, RANK, 1, Follow.CODE);
            assertThat(product(paper.module())).isEqualTo(product(code.module()));
        }
    }
}
