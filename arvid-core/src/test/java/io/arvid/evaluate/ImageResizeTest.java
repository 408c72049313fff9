package io.arvid.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.evaluate.ImageResize.Interpolation;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class ImageResizeTest {
    @Test
    void bilinearAndBicubicAgreeWithPyTorchAtOddSizes() {
        try (TensorScope scope = TensorScope.open()) {
            NetFixture fixture = NetFixture.load("resize");
            for (JsonNode size : fixture.json().path("sizes")) {
                String name = size.path(0).asText();
                for (Interpolation interpolation : Interpolation.values()) {
                    Tensor resized = ImageResize.resize(
                            fixture.input(name),
                            size.path(1).asLong(),
                            size.path(2).asLong(),
                            interpolation);
                    String mode = interpolation.name().toLowerCase(Locale.ROOT);
                    fixture.expect(name + "-" + mode, resized, 1e-5);
                }
            }
        }
    }

    @Test
    void theLongerSideIsRoundedDown() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor wide = Tensors.zeros(DTypes.F32, 1, 3, 60, 80);
            assertThat(Tensors.shape(ImageResize.shorterSide(wide, 224, Interpolation.BILINEAR)))
                    .containsExactly(1, 3, 224, 298);
            assertThat(Tensors.shape(ImageResize.shorterSide(wide.transpose(2, 3), 224, Interpolation.BICUBIC)))
                    .containsExactly(1, 3, 298, 224);
        }
    }

    @Test
    void halfAPixelIsRoundedToTheEvenOffset() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor columns = Tensors.arange(DTypes.F32, 7).view(1, 1, 1, 7).expand(1, 1, 7, 7);
            assertThat(first(ImageResize.centerCrop(columns, 4))).isEqualTo(2);
            assertThat(first(ImageResize.centerCrop(columns, 2))).isEqualTo(2);
            assertThat(first(ImageResize.centerCrop(columns, 7))).isEqualTo(0);
            assertThatThrownBy(() -> ImageResize.centerCrop(columns, 8)).hasMessageContaining("7×7");
        }
    }

    private static double first(Tensor images) {
        return Tensors.toDoubles(images)[0];
    }
}
