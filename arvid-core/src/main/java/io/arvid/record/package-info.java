/**
 * What happened, as data: who ran what, on which machine, from which commit and recipe, how long each stage took and what came out.
 *
 * <p>Read {@link io.arvid.record.RunRecord} first. {@link io.arvid.record.Progress} is what long work reports to while it runs;
 * {@link io.arvid.record.StageClock} listens to it and notes time and peak memory.
 */
@NullMarked
package io.arvid.record;

import org.jspecify.annotations.NullMarked;
