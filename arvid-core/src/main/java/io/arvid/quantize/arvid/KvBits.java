package io.arvid.quantize.arvid;

import io.arvid.quantize.QuantContext;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.rollout.kv.KvQuantization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Bits of the KV cache chunk by chunk: what each chunk's keys and values do to the final latents at each width is measured ({@link CacheSensitivity}),
 * and the widths with the least sum within the budget are taken. The groups are those of the recipe's {@code scheme.kv}.
 *
 * @param widths bits to choose from: 2, 4 and 8 for codes, 16 for a chunk that stays as it is
 * @param average largest mean over the chunks of a video; steps and minima of groups are not counted
 */
public record KvBits(List<Integer> widths, double average) {
    /** Checks that the widths exist and that the budget can be kept. */
    public KvBits {
        widths = widths.stream().sorted().toList();
        if (!List.of(2, 4, 8, KvQuantization.FULL_BITS).containsAll(widths)) {
            throw new IllegalArgumentException("kvBits: widths are 2, 4, 8 and 16, not " + widths);
        }
        if (widths.isEmpty() || widths.getFirst() > average) {
            throw new IllegalArgumentException("kvBits: widths " + widths + " cannot average " + average + " bits");
        }
    }

    /** The widths for {@code context}'s roll-outs. */
    KvPlan choose(QuantContext context, ArvidRecipe recipe) {
        KvPlan.Grouped groups = (KvPlan.Grouped) recipe.scheme().kv();
        return plan(new CacheSensitivity(context, groups, widths).measure(recipe.sensitivityPrompts()), groups);
    }

    /** The widths for {@code errors} as {@link CacheSensitivity} measures them, in {@code groups}. */
    public KvPlan.ByChunk plan(double[][] errors, KvPlan.Grouped groups) {
        return new KvPlan.ByChunk(choose(errors), groups.groupSize(), groups.along());
    }

    /**
     * Bits of each chunk, the last one included.
     *
     * @param errors {@code [chunk][width]} of the chunks that later ones read: all but the last of a video
     */
    List<Integer> choose(double[][] errors) {
        int[] chosen = BitAllocation.allocate(
                errors, widths.stream().mapToInt(Integer::intValue).toArray(), average);
        List<Integer> bits =
                new ArrayList<>(Arrays.stream(chosen).mapToObj(widths::get).toList());
        bits.add(unread(bits.isEmpty() ? KvQuantization.FULL_BITS : bits.getLast()));
        return bits;
    }

    /**
     * Of the last chunk. No chunk of the video reads it, so nothing can be measured, but the chunks of a longer video take its width, too: that of the
     * chunk before it, as far as the budget allows.
     */
    private int unread(int before) {
        return widths.stream()
                .filter(width -> width <= Math.min(before, average))
                .reduce((lower, higher) -> higher)
                .orElseThrow();
    }
}
