/**
 * Figures as inline SVG. They carry no colours: the page's style sheet gives each method its colour, in light and in dark.
 *
 * <p>Every figure is about as wide as a telephone's screen, so that its text stays readable there; wider pages lay figures side by side.
 */
@NullMarked
package io.arvid.report.figure;

import org.jspecify.annotations.NullMarked;
