package io.arvid.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.tensor.LinearAlgebra.SingularValues;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinearAlgebraTest {
    /** Tall, wide, and of lower rank than what is asked for. */
    @ParameterizedTest
    @CsvSource({"40, 24, 40", "24, 40, 40", "24, 24, 24", "40, 24, 5", "24, 40, 5"})
    void leadingPartsAreThoseOfTheDecomposition(long rows, long columns, long ofRank) {
        int rank = 8;
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(5)) {
            Tensor x = Ops.toF64(seeds.normal(rows, ofRank).matmul(seeds.normal(ofRank, columns)));
            SingularValues all = LinearAlgebra.decompose(x);
            SingularValues leading = LinearAlgebra.leading(x, rank);
            assertThat(leading.left().size(1)).isEqualTo(rank);
            assertThat(leading.right().size(0)).isEqualTo(rank);
            Tensor expected = Ops.slice(all.left(), 1, 0, rank)
                    .mul(Ops.slice(all.values(), 0, 0, rank))
                    .matmul(Ops.slice(all.right(), 0, 0, rank));
            Tensor product = leading.left().mul(leading.values()).matmul(leading.right());
            double scale = Tensors.item(all.values().select(0, 0));
            assertThat(Tensors.item(product.sub(expected).abs().max())).isLessThan(1e-12 * scale);
            assertThat(Tensors.item(leading.values()
                            .sub(Ops.slice(all.values(), 0, 0, rank))
                            .abs()
                            .max()))
                    .isLessThan(1e-12 * scale);
        }
    }
}
