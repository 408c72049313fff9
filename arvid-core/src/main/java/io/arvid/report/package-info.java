/**
 * One page that shows what runs found, with everything in it: pictures, videos and figures.
 *
 * <p>Enters: the folders of runs, each with its {@link io.arvid.record.RunRecord} and media. Leaves: one HTML file. Read
 * {@link io.arvid.report.HtmlReport} first; each section of the page is a class of its own, and {@code report.figure} draws.
 */
@NullMarked
package io.arvid.report;

import org.jspecify.annotations.NullMarked;
