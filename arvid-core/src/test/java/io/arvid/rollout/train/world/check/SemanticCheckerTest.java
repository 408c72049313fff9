package io.arvid.rollout.train.world.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.rollout.train.world.Scene;
import io.arvid.rollout.train.world.SceneRenderer;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class SemanticCheckerTest {

    private static final WorldSpec SPEC = WorldSpec.DEFAULT;
    private static final int SCENES = 200;
    private static final double NOISE_LEVELS = 6;

    private final ShapesWorld world = new ShapesWorld(SPEC);
    private final SceneRenderer renderer = new SceneRenderer(SPEC);
    private final SemanticChecker checker = new SemanticChecker(SPEC);

    @Test
    void cleanRendersFulfilTheirPrompts() {
        assertAllRight(0);
    }

    @Test
    void blurAndNoiseDoNotChangeTheVerdict() {
        assertAllRight(NOISE_LEVELS);
    }

    @Test
    void everyChangedWordIsFlagged() {
        Map<String, int[]> flagged = new TreeMap<>();
        for (int seed = 0; seed < SCENES; seed++) {
            Scene scene = world.trainingScene(seed);
            VideoReading reading = checker.read(renderer.renderBytes(scene));
            for (WrongPrompts.Change change : WrongPrompts.of(scene.description(), RandomSource.of(seed))) {
                int[] counts = flagged.computeIfAbsent(change.word(), word -> new int[2]);
                counts[0] += change.flaggedBy().test(checker.judge(reading, change.wrong())) ? 1 : 0;
                counts[1]++;
            }
        }
        assertThat(flagged).hasSize(7);
        flagged.forEach((word, counts) -> assertThat(counts[0] / (double) counts[1])
                .as("%s: %d of %d changes flagged", word, counts[0], counts[1])
                .isGreaterThanOrEqualTo(0.97));
    }

    @Test
    void reversedVideosHaveTheWrongDirection() {
        List<SemanticCheck> checks = new ArrayList<>();
        for (int seed = 0; seed < 60; seed++) {
            Scene scene = world.trainingScene(seed);
            checks.add(checker.check(Spoiled.reversed(renderer.renderBytes(scene), SPEC), scene.prompt()));
        }
        // A shape that happens to end a bounce or two later where it could have started is right backwards as well.
        assertThat(SemanticRates.of(checks).direction()).isLessThan(0.35);
        assertThat(SemanticRates.of(checks).kind()).isGreaterThan(0.98);
    }

    @Test
    void frozenVideosHaveNeitherDirectionNorSpeed() {
        for (int seed = 0; seed < 20; seed++) {
            Scene scene = world.trainingScene(seed);
            SemanticCheck check = checker.check(Spoiled.frozen(renderer.renderBytes(scene), SPEC), scene.prompt());
            assertThat(check.directionRight()).isFalse();
            assertThat(check.speedRight()).isFalse();
            assertThat(check.colorRight()).isTrue();
        }
    }

    @Test
    void aTurnInTheMiddleOfTheFrameIsFlagged() {
        Scene scene = world.sceneOf("a small red circle moving left slowly on a black background", 3);
        byte[] video = renderer.renderBytes(scene);
        assertThat(checker.check(video, scene.prompt()).directionRight()).isTrue();
        assertThat(checker.check(Spoiled.thereAndBack(video, SPEC), scene.prompt())
                        .directionRight())
                .isFalse();
    }

    @Test
    void aBrighteningBackgroundDrifts() {
        Scene scene = world.trainingScene(1);
        byte[] video = renderer.renderBytes(scene);
        SemanticCheck steady = checker.check(video, scene.prompt());
        SemanticCheck drifting = checker.check(Spoiled.brightening(video, SPEC, 20), scene.prompt());
        assertThat(steady.backgroundDrift()).isZero();
        assertThat(drifting.backgroundSteady()).isFalse();
        assertThat(drifting.backgroundDrift()).isBetween(14.0, 20.0);
    }

    @Test
    void anEmptyVideoFulfilsNothingButItsBackground() {
        Scene scene = world.sceneOf("a small red circle moving left slowly on a black background", 3);
        SemanticCheck check = checker.check(new byte[SPEC.valuesPerClip()], scene.prompt());
        assertThat(check.backgroundRight()).isTrue();
        assertThat(check.colorRight()).isFalse();
        assertThat(check.countRight()).isFalse();
        assertThat(check.kindRight()).isFalse();
        assertThat(check.allRight()).isFalse();
    }

    @Test
    void partsOfFramesAreRefused() {
        assertThatThrownBy(
                        () -> checker.check(new byte[7], "a small red circle moving left slowly on a black background"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("7 bytes");
    }

    private void assertAllRight(double noiseLevels) {
        List<SemanticCheck> checks = new ArrayList<>();
        for (int seed = 0; seed < SCENES; seed++) {
            Scene scene = world.trainingScene(seed);
            byte[] video = renderer.renderBytes(scene);
            if (noiseLevels > 0) {
                RandomGenerator random = RandomSource.of(seed);
                video = Spoiled.noisy(Spoiled.blurred(video, SPEC), noiseLevels, random);
            }
            checks.add(checker.check(video, scene.prompt()));
        }
        SemanticRates rates = SemanticRates.of(checks);
        List<Double> each = List.of(
                rates.color(),
                rates.count(),
                rates.kind(),
                rates.size(),
                rates.direction(),
                rates.speed(),
                rates.background(),
                rates.backgroundSteady());
        assertThat(each).as("%s", rates).allMatch(rate -> rate >= 0.99);
    }
}
