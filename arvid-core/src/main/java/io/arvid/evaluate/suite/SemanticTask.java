package io.arvid.evaluate.suite;

import io.arvid.evaluate.Frames;
import io.arvid.rollout.train.world.PromptGrammar;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.rollout.train.world.check.SemanticCheck;
import io.arvid.rollout.train.world.check.SemanticChecker;
import io.arvid.tensor.Tensors;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The semantic checker of the bundled world as a metric: for each kind of word of the prompt, 1 where the video fulfils it, else 0. */
final class SemanticTask {
    static final String ID = "semantic";

    private record Word(String name, ToDoubleFunction<SemanticCheck> score) {}

    private static final List<Word> WORDS = List.of(
            new Word("color", check -> share(check.colorRight())),
            new Word("count", check -> share(check.countRight())),
            new Word("shape", check -> share(check.kindRight())),
            new Word("size", check -> share(check.sizeRight())),
            new Word("direction", check -> share(check.directionRight())),
            new Word("speed", check -> share(check.speedRight())),
            new Word("background", check -> share(check.backgroundRight())),
            new Word("background_steady", check -> share(check.backgroundSteady())),
            new Word("all", check -> share(check.allRight())));

    private SemanticTask() {}

    /** Names of the numbers of {@link #check}. */
    static List<String> names() {
        return WORDS.stream().map(word -> ID + "_" + word.name()).toList();
    }

    /** True where {@code prompt} is one of the bundled world. */
    static boolean understands(@Nullable String prompt) {
        if (prompt == null) {
            return false;
        }
        try {
            PromptGrammar.parse(prompt);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** One number a kind of word, for a video uint8 {@code [T, 3, H, W]}. */
    static double[] check(Tensor video, String prompt) {
        WorldSpec world = new WorldSpec(
                (int) video.size(3), (int) video.size(2), (int) video.size(0), WorldSpec.DEFAULT.framesPerSecond());
        SemanticCheck check = new SemanticChecker(world).check(Tensors.toBytes(Frames.bytes(video)), prompt);
        return WORDS.stream()
                .mapToDouble(word -> word.score().applyAsDouble(check))
                .toArray();
    }

    private static double share(boolean right) {
        return right ? 1 : 0;
    }
}
