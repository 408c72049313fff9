package io.arvid.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BitPackingTest {
    @ParameterizedTest
    @CsvSource({"1,LOW_FIRST", "2,LOW_FIRST", "4,LOW_FIRST", "8,LOW_FIRST", "2,HIGH_FIRST", "4,HIGH_FIRST"})
    void packThenUnpackReturnsTheCodes(int bits, BitPacking order) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(bits)) {
            Tensor codes = Ops.to(Ops.mul(seeds.uniform(3, 5, 24), 1 << bits), DTypes.U8);
            Tensor packed = order.pack(codes, bits);
            assertThat(packed.nbytes()).isEqualTo(3 * 5 * 24 * bits / 8);
            assertThat(Tensors.toBytes(order.unpack(packed, bits))).isEqualTo(Tensors.toBytes(codes));
        }
    }

    @Test
    void theFirstCodeLiesWhereTheOrderSays() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor codes = Tensors.of(new byte[] {1, 2, 3, 0}, 4);
            assertThat(Tensors.toLongs(BitPacking.LOW_FIRST.pack(codes, 2))).containsExactly(0b00_11_10_01);
            assertThat(Tensors.toLongs(BitPacking.HIGH_FIRST.pack(codes, 2))).containsExactly(0b01_10_11_00);
        }
    }

    @Test
    void codesThatDoNotFillBytesAreRefused() {
        try (TensorScope scope = TensorScope.open()) {
            assertThatThrownBy(() -> BitPacking.LOW_FIRST.pack(Tensors.of(new byte[3], 3), 4))
                    .hasMessage("3 codes of 4 bits do not fill whole bytes");
            assertThatThrownBy(() -> BitPacking.perByte(3)).hasMessageContaining("use 1, 2, 4 or 8");
        }
    }
}
