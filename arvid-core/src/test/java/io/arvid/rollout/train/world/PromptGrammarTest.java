package io.arvid.rollout.train.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PromptGrammarTest {

    private static final String TWO =
            "a large red circle moving left quickly and a small blue square moving up slowly" + " on a navy background";

    @Test
    void parseThenPromptOfReturnsThePrompt() {
        assertThat(PromptGrammar.promptOf(PromptGrammar.parse(TWO))).isEqualTo(TWO);
        ShapesWorld world = new ShapesWorld(WorldSpec.DEFAULT);
        for (int seed = 0; seed < 200; seed++) {
            SceneDescription scene = world.trainingScene(seed).description();
            assertThat(PromptGrammar.parse(PromptGrammar.promptOf(scene))).isEqualTo(scene);
        }
    }

    @Test
    void parseReadsEveryWord() {
        SceneDescription scene = PromptGrammar.parse(TWO);
        assertThat(scene.background()).isEqualTo(Background.NAVY);
        assertThat(scene.shapes())
                .containsExactly(
                        new Shape(ShapeSize.LARGE, ShapeColor.RED, ShapeKind.CIRCLE, Direction.LEFT, Speed.QUICKLY),
                        new Shape(ShapeSize.SMALL, ShapeColor.BLUE, ShapeKind.SQUARE, Direction.UP, Speed.SLOWLY));
    }

    @Test
    void anUnknownWordNamesTheKnownAndTheNearestOnes() {
        assertThatThrownBy(() -> PromptGrammar.parse("a large read circle moving left quickly on a navy background"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'read'")
                .hasMessageContaining("red, green, blue, yellow, magenta, cyan")
                .hasMessageEndingWith("nearest: 'red'");
    }

    @Test
    void promptsThatEndEarlyOrGoOnAreRefused() {
        assertThatThrownBy(() -> PromptGrammar.parse("a large red circle moving left"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("slowly, quickly");
        assertThatThrownBy(() -> PromptGrammar.parse(TWO + " now"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'now'");
    }

    @Test
    void twoShapesOfOneColorAreRefused() {
        assertThatThrownBy(() -> PromptGrammar.parse(TWO.replace("blue", "red")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("differ in color");
    }
}
