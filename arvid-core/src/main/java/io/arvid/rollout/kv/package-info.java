/**
 * Keys and values in few bits: what enters is a finished chunk's {@code [B, heads, tokens, headDim]}, what leaves is the same to within the rounding of
 * its codes, tile by tile.
 *
 * <p>Read {@link io.arvid.rollout.kv.TokenQuantizer} first. {@link io.arvid.rollout.kv.GroupedQuantizer} is KIVI (arXiv 2402.02750) as LightX2V has it,
 * {@link io.arvid.rollout.kv.ResidualQuantizer} is Quant VideoGen (arXiv 2602.02958).
 */
@NullMarked
package io.arvid.rollout.kv;

import org.jspecify.annotations.NullMarked;
