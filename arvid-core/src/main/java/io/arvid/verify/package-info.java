/**
 * Parity with reference implementations: runs folders of golden cases ({@code case.json}, {@code io.safetensors}, {@code weights.safetensors}) and
 * compares every expected tensor. Everything is read from the case's files, so that further cases of the same kinds run without a code change.
 *
 * <p>Read {@link io.arvid.verify.GoldenCases}: one line a kind of case.
 */
@NullMarked
package io.arvid.verify;

import org.jspecify.annotations.NullMarked;
