/**
 * How integers are chosen: the plug that every method fits in, and one package a paper.
 *
 * <p>Read {@link io.arvid.quantize.QuantMethod} first, then {@code scheme} (what a plan says), {@code fit} (scales and zero points from data),
 * {@code fake} (a plan simulated over an untouched model), {@code minmax} (the smallest method) and {@code qarvd} (Q-ARVD, arXiv 2605.21072).
 * {@code recipe} knows all methods by name and reads their settings from files. No two packages import each other, nor several in a circle.
 */
@NullMarked
package io.arvid.quantize;

import org.jspecify.annotations.NullMarked;
