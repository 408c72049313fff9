/**
 * What an evaluation is given: folders of videos, manifests that pair them, lists of prompts.
 *
 * <p>Enters: files. Leaves: {@link io.arvid.evaluate.input.Sample}s, which only name files, and one video at a time from
 * {@link io.arvid.evaluate.input.ClipReader}. Read {@link io.arvid.evaluate.input.Samples} first.
 */
@NullMarked
package io.arvid.evaluate.input;

import org.jspecify.annotations.NullMarked;
