package io.arvid.rollout.train.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ShapesWorldTest {

    private final ShapesWorld world = new ShapesWorld(WorldSpec.DEFAULT);

    private List<Scene> scenes(int count) {
        return LongStream.range(0, count).mapToObj(world::trainingScene).toList();
    }

    @Test
    void theSameSeedGivesTheSameScene() {
        assertThat(world.trainingScene(17)).isEqualTo(world.trainingScene(17)).isNotEqualTo(world.trainingScene(18));
        assertThat(world.heldOutPrompts(5, 3)).isEqualTo(world.heldOutPrompts(5, 3));
    }

    @Test
    void halfTheScenesHaveOneShape() {
        long ones = scenes(4000).stream()
                .filter(scene -> scene.description().shapes().size() == 1)
                .count();
        assertThat(ones / 4000.0).isCloseTo(0.5, within(0.03));
    }

    @Test
    void trainingNeverMeetsHeldOutCombinations() {
        assertThat(scenes(3000)).noneMatch(scene -> ShapesWorld.isHeldOut(scene.description()));
        assertThat(world.heldOutPrompts(64, 5))
                .hasSize(64)
                .doesNotHaveDuplicates()
                .allMatch(prompt -> ShapesWorld.isHeldOut(PromptGrammar.parse(prompt)));
    }

    @Test
    void theOrderOfTheShapesDoesNotMatterForHoldingOut() {
        for (String prompt : world.heldOutPrompts(40, 2)) {
            SceneDescription scene = PromptGrammar.parse(prompt);
            SceneDescription swapped = new SceneDescription(scene.shapes().reversed(), Background.GRAY);
            assertThat(ShapesWorld.isHeldOut(swapped)).isTrue();
        }
    }

    @Test
    void shapesStayInsideTheFrameAndStartApart() {
        WorldSpec spec = WorldSpec.DEFAULT;
        for (Scene scene : scenes(500)) {
            List<Shape> shapes = scene.description().shapes();
            for (int s = 0; s < shapes.size(); s++) {
                double half = spec.halfExtent(shapes.get(s));
                for (int t = 0; t < spec.frameCount(); t++) {
                    Point center = scene.centerAt(s, t, spec);
                    assertThat(center.x()).isBetween(half - 1e-9, spec.width() - half + 1e-9);
                    assertThat(center.y()).isBetween(half - 1e-9, spec.height() - half + 1e-9);
                }
            }
            if (shapes.size() == 2) {
                Point a = scene.centerAt(0, 0, spec);
                Point b = scene.centerAt(1, 0, spec);
                double gap = spec.halfExtent(shapes.get(0)) + spec.halfExtent(shapes.get(1));
                assertThat(Math.max(Math.abs(a.x() - b.x()), Math.abs(a.y() - b.y())))
                        .isGreaterThan(gap);
            }
        }
    }

    @Test
    void shapesSetOutInTheirDirection() {
        for (Scene scene : scenes(300)) {
            for (int s = 0; s < scene.description().shapes().size(); s++) {
                Shape shape = scene.description().shapes().get(s);
                Point from = scene.centerAt(s, 0, WorldSpec.DEFAULT);
                Point to = scene.centerAt(s, 10, WorldSpec.DEFAULT);
                double moved = shape.direction().horizontal() ? to.x() - from.x() : to.y() - from.y();
                assertThat(moved * shape.direction().sign())
                        .isCloseTo(10 * WorldSpec.DEFAULT.pixelsPerFrame(shape.speed()), within(1e-9));
            }
        }
    }

    @Test
    void largerFramesShowTheSameSceneLarger() {
        ShapesWorld twice = new ShapesWorld(new WorldSpec(128, 128, 81, 16));
        Scene small = world.trainingScene(4);
        Scene large = twice.trainingScene(4);
        assertThat(large.description()).isEqualTo(small.description());
        assertThat(large.starts().getFirst().x())
                .isCloseTo(2 * small.starts().getFirst().x(), within(1e-9));
    }
}
