/**
 * Many methods, settings and variations on one model, prompts and noise: what enters are recipe files, what leaves is a run's folder with a record, a
 * report and a page of results. Read {@link io.arvid.compare.MethodComparison}, then {@link io.arvid.compare.CellRun}: what is done for one recipe.
 * Tables and figures are those of Q-ARVD (arXiv 2605.21072).
 */
@NullMarked
package io.arvid.compare;

import org.jspecify.annotations.NullMarked;
