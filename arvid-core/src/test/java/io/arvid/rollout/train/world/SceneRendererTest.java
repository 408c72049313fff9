package io.arvid.rollout.train.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SceneRendererTest {

    private static final WorldSpec SPEC = WorldSpec.DEFAULT;

    private final ShapesWorld world = new ShapesWorld(SPEC);
    private final SceneRenderer renderer = new SceneRenderer(SPEC);

    @Test
    void aPartOfAClipEqualsThatPartOfTheWholeClip() {
        Scene scene = world.trainingScene(8);
        float[] whole = renderer.render(scene);
        float[] part = new float[5 + 3 * SPEC.valuesPerFrame()];
        renderer.render(scene, 40, 3, part, 5);
        assertThat(Arrays.copyOfRange(part, 5, part.length))
                .isEqualTo(Arrays.copyOfRange(whole, 40 * SPEC.valuesPerFrame(), 43 * SPEC.valuesPerFrame()));
    }

    @ParameterizedTest
    @EnumSource(ShapeKind.class)
    void theCoverageSumsToTheAreaOfTheShape(ShapeKind kind) {
        Shape shape = new Shape(ShapeSize.LARGE, ShapeColor.RED, kind, Direction.LEFT, Speed.SLOWLY);
        SceneDescription description = new SceneDescription(List.of(shape), Background.BLACK);
        float[] frame = new float[SPEC.valuesPerFrame()];
        renderer.render(new Scene(description, List.of(new Point(31.3, 30.8))), 0, 1, frame, 0);
        double red = 0;
        for (int i = 0; i < SPEC.pixelCount(); i++) {
            red += frame[i];
        }
        double area = red * 255 / ShapeColor.RED.rgb().red();
        // The clamped distance rounds corners by a fraction of a pixel each.
        assertThat(area).isCloseTo(SPEC.area(kind, ShapeSize.LARGE), within(2.0));
    }

    @Test
    void theSecondShapeLiesOnTop() {
        Shape below = new Shape(ShapeSize.LARGE, ShapeColor.RED, ShapeKind.SQUARE, Direction.LEFT, Speed.SLOWLY);
        Shape above = new Shape(ShapeSize.SMALL, ShapeColor.CYAN, ShapeKind.CIRCLE, Direction.UP, Speed.SLOWLY);
        Point middle = new Point(32, 32);
        Scene scene = new Scene(new SceneDescription(List.of(below, above), Background.GRAY), List.of(middle, middle));
        byte[] video = renderer.renderBytes(scene);
        int at = 32 * SPEC.width() + 32;
        Rgb cyan = ShapeColor.CYAN.rgb();
        assertThat(Byte.toUnsignedInt(video[at])).isEqualTo(cyan.red());
        assertThat(Byte.toUnsignedInt(video[at + SPEC.pixelCount()])).isEqualTo(cyan.green());
        assertThat(Byte.toUnsignedInt(video[at + 2 * SPEC.pixelCount()])).isEqualTo(cyan.blue());
        assertThat(Byte.toUnsignedInt(video[0])).isEqualTo(Background.GRAY.rgb().red());
    }

    @Test
    void valuesLieBetweenZeroAndOne() {
        for (float value : renderer.render(world.trainingScene(3))) {
            assertThat(value >= 0 && value <= 1).isTrue();
        }
    }
}
