/**
 * What {@code arvid bench} measures: layers, blocks and chunk steps in the shapes of the full-sized model with random weights, and roll-outs of the
 * bundled one. Whatever is compared runs by turns in one process.
 *
 * <p>Read {@link io.arvid.run.bench.Benchmark} first; {@link io.arvid.run.bench.ByTurns} is the clock.
 */
@NullMarked
package io.arvid.run.bench;

import org.jspecify.annotations.NullMarked;
