package io.arvid.quantize.qvgen;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;

/**
 * How the auxiliary module loses its rank: in each phase the weaker half of what is left fades along a cosine, then goes.
 *
 * <pre>{@code
 * t' = step − warmUp;   rank = initialRank / 2^⌊t'/phaseSteps⌋, 0 after rank 1
 * u  = (1 + cos(π·(t' mod phaseSteps)/phaseSteps)) / 2          (linear: 1 − (t' mod phaseSteps)/phaseSteps)
 * γ  = [1 × rank/2 | u × rank/2 | 0 × (initialRank − rank)],    [u | 0 …] at rank 1,    all 1 while warming up
 * }</pre>
 *
 * @param initialRank a power of two; 0 for no module at all
 * @param phaseSteps steps of a phase
 * @param warmUp steps before the first phase
 * @param decay shape of the fading
 */
public record RankSchedule(int initialRank, long phaseSteps, long warmUp, Decay decay) {
    /** Shapes of the fading. */
    public enum Decay {
        /** Slow at both ends. */
        @JsonProperty("cosine")
        COSINE,
        /** Even. */
        @JsonProperty("linear")
        LINEAR
    }

    /** Checks the numbers. */
    public RankSchedule {
        if (initialRank != 0 && Integer.bitCount(initialRank) != 1) {
            throw new IllegalArgumentException("a rank of " + initialRank + " cannot be halved to 1");
        }
        if (phaseSteps < 1 || warmUp < 0) {
            throw new IllegalArgumentException(
                    "rank phases of " + phaseSteps + " steps after a warm-up of " + warmUp + " steps");
        }
    }

    /** Phases until nothing is left. */
    public static int phases(int initialRank) {
        return initialRank == 0 ? 0 : Integer.numberOfTrailingZeros(initialRank) + 1;
    }

    /** Rank in training step {@code step}, counted from 0; 0 where the module is gone. */
    public int rank(long step) {
        long phase = Math.max(step - warmUp, 0) / phaseSteps;
        return phase >= phases(initialRank) ? 0 : initialRank >> phase;
    }

    /** True where a phase begins with {@code step}: the module is to be re-sorted, or to go. */
    public boolean isBoundary(long step) {
        return step > warmUp && (step - warmUp) % phaseSteps == 0 && step - warmUp <= phases(initialRank) * phaseSteps;
    }

    /** The fading factor u in {@code step}; 1 while warming up. */
    public double fading(long step) {
        if (step < warmUp) {
            return 1;
        }
        double share = (double) ((step - warmUp) % phaseSteps) / phaseSteps;
        return switch (decay) {
            case COSINE -> (1 + Math.cos(Math.PI * share)) / 2;
            case LINEAR -> 1 - share;
        };
    }

    /** Factors on the columns of L in {@code step}: {@code [initialRank]}. */
    public double[] gamma(long step) {
        double[] gamma = new double[initialRank];
        int rank = rank(step);
        Arrays.fill(gamma, 0, rank / 2, 1);
        Arrays.fill(gamma, rank / 2, rank, fading(step));
        return gamma;
    }
}
