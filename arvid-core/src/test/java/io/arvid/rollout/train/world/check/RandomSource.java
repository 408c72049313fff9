package io.arvid.rollout.train.world.check;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Seeds for tests, apart from those of the scenes. */
final class RandomSource {

    private static final long APART = 0x5eed_0000_0000L;

    private RandomSource() {}

    static RandomGenerator of(long seed) {
        return new SplittableRandom(seed ^ APART);
    }
}
