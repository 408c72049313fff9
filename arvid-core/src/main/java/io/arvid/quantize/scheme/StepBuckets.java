package io.arvid.quantize.scheme;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.arvid.model.RolloutStep;

/** How the passes of a roll-out are divided where a plan changes along it. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "by")
@JsonSubTypes({
    @JsonSubTypes.Type(value = StepBuckets.ByChunk.class, name = "chunk"),
    @JsonSubTypes.Type(value = StepBuckets.ByTimestep.class, name = "timestep"),
    @JsonSubTypes.Type(value = StepBuckets.ByTimestepModulo.class, name = "timestep-modulo"),
    @JsonSubTypes.Type(value = StepBuckets.ByChunkAnd.class, name = "chunk-and")
})
public sealed interface StepBuckets {
    /** More buckets than a roll-out can have passes. */
    int LARGEST_COUNT = 1 << 16;

    private static void requireCount(long count) {
        if (count < 1 || count > LARGEST_COUNT) {
            throw new IllegalArgumentException(count + " buckets are not 1 … " + LARGEST_COUNT);
        }
    }

    /** Number of buckets. */
    int count();

    /** Bucket of {@code step}, 0 … count − 1. */
    int of(RolloutStep step);

    /** One bucket a chunk; chunks beyond the last share it, and given chunks count as the first. */
    record ByChunk(int count) implements StepBuckets {
        /** Checks the number. */
        public ByChunk {
            requireCount(count);
        }

        @Override
        public int of(RolloutStep step) {
            return Math.clamp(step.chunk(), 0, count - 1);
        }
    }

    /** Timesteps 0 … 1000 in {@code count} equal intervals. */
    record ByTimestep(int count) implements StepBuckets {
        /** Checks the number. */
        public ByTimestep {
            requireCount(count);
        }

        @Override
        public int of(RolloutStep step) {
            return Math.clamp((int) (step.timestep() * count / 1000), 0, count - 1);
        }
    }

    /** The buckets of {@code inner} anew in each of {@code chunks} chunks; chunks beyond the last share its, and given chunks count as the first. */
    record ByChunkAnd(int chunks, StepBuckets inner) implements StepBuckets {
        /** Checks the number. */
        public ByChunkAnd {
            requireCount((long) chunks * inner.count());
        }

        @Override
        public int count() {
            return chunks * inner.count();
        }

        @Override
        public int of(RolloutStep step) {
            return Math.clamp(step.chunk(), 0, chunks - 1) * inner.count() + inner.of(step);
        }
    }

    /** The remainder of the whole timestep over {@code count}, as QVGen's training code divides them: neighbouring timesteps share nothing. */
    record ByTimestepModulo(int count) implements StepBuckets {
        /** Checks the number. */
        public ByTimestepModulo {
            requireCount(count);
        }

        @Override
        public int of(RolloutStep step) {
            return Math.floorMod((int) step.timestep(), count);
        }
    }
}
