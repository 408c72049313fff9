package io.arvid.rollout.train.world.check;

import java.util.Collection;
import java.util.function.Predicate;

/** Shares in 0..1 of the videos that fulfil each kind of word, and the mean drift of the background in levels of 255. */
public record SemanticRates(
        int videoCount,
        double color,
        double count,
        double kind,
        double size,
        double direction,
        double speed,
        double background,
        double backgroundSteady,
        double all,
        double meanBackgroundDrift) {

    /** The rates over at least one video. */
    public static SemanticRates of(Collection<SemanticCheck> checks) {
        if (checks.isEmpty()) {
            throw new IllegalArgumentException("no checks to average");
        }
        return new SemanticRates(
                checks.size(),
                share(checks, SemanticCheck::colorRight),
                share(checks, SemanticCheck::countRight),
                share(checks, SemanticCheck::kindRight),
                share(checks, SemanticCheck::sizeRight),
                share(checks, SemanticCheck::directionRight),
                share(checks, SemanticCheck::speedRight),
                share(checks, SemanticCheck::backgroundRight),
                share(checks, SemanticCheck::backgroundSteady),
                share(checks, SemanticCheck::allRight),
                checks.stream()
                        .mapToDouble(SemanticCheck::backgroundDrift)
                        .average()
                        .orElseThrow());
    }

    private static double share(Collection<SemanticCheck> checks, Predicate<SemanticCheck> right) {
        return checks.stream().filter(right).count() / (double) checks.size();
    }
}
