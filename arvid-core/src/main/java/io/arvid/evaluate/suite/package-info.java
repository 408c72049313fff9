/**
 * What {@code arvid evaluate} does: chosen metrics over a set of videos, one video at a time, with cached numbers, and what can be said of several
 * results.
 *
 * <p>Enters: {@link io.arvid.evaluate.input.Sample}s and weights files. Leaves: an {@link io.arvid.evaluate.suite.EvaluationResult}. Read
 * {@link io.arvid.evaluate.suite.Evaluation} first.
 */
@NullMarked
package io.arvid.evaluate.suite;

import org.jspecify.annotations.NullMarked;
