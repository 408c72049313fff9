/**
 * Presets: what the published models are run with, as data ({@code presets.json} beside these classes), each number from the configuration that its
 * upstream project ships. Read {@link io.arvid.rollout.preset.Preset} first.
 */
@NullMarked
package io.arvid.rollout.preset;

import org.jspecify.annotations.NullMarked;
