package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.ShapeColor;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which words of its prompt a video fulfils.
 *
 * @param colorsFound the shape colors of the video
 * @param colorRight the shape colors are those of the prompt, no more and no fewer
 * @param blobCount shapes in the video
 * @param countRight as many shapes as in the prompt
 * @param backgroundRight the prompt's background in every frame
 * @param backgroundDrift mean change of the background between the first and the last chunk, in levels of 255
 * @param backgroundSteady the drift is small
 * @param shapes one a shape of the prompt
 */
public record SemanticCheck(
        Set<ShapeColor> colorsFound,
        boolean colorRight,
        int blobCount,
        boolean countRight,
        boolean backgroundRight,
        double backgroundDrift,
        boolean backgroundSteady,
        List<ShapeCheck> shapes) {

    public boolean kindRight() {
        return every(ShapeCheck::kindRight);
    }

    public boolean sizeRight() {
        return every(ShapeCheck::sizeRight);
    }

    public boolean directionRight() {
        return every(ShapeCheck::directionRight);
    }

    public boolean speedRight() {
        return every(ShapeCheck::speedRight);
    }

    /** True when all words are fulfilled and the background does not drift. */
    public boolean allRight() {
        return colorRight
                && countRight
                && kindRight()
                && sizeRight()
                && directionRight()
                && speedRight()
                && backgroundRight
                && backgroundSteady;
    }

    private boolean every(Predicate<ShapeCheck> right) {
        return shapes.stream().allMatch(right);
    }
}
