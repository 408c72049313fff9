package io.arvid.rollout.train.world;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaletteTest {

    private static double distance(Rgb a, Rgb b) {
        return Math.sqrt(a.squaredDistance(b.red(), b.green(), b.blue()));
    }

    @Test
    void shapeColorsAreFarFromEachOtherAndFromBackgrounds() {
        for (ShapeColor color : ShapeColor.values()) {
            for (ShapeColor other : ShapeColor.values()) {
                if (other != color) {
                    assertThat(distance(color.rgb(), other.rgb())).isGreaterThan(135);
                }
            }
            for (Background background : Background.values()) {
                assertThat(distance(color.rgb(), background.rgb())).isGreaterThan(135);
            }
        }
    }

    @Test
    void backgroundsAreFarFromEachOther() {
        for (Background background : Background.values()) {
            for (Background other : Background.values()) {
                if (other != background) {
                    assertThat(distance(background.rgb(), other.rgb())).isGreaterThan(110);
                }
            }
        }
    }
}
