/**
 * What the Wan tokenizer does to a prompt before it splits it: broken text is repaired, HTML escapes are resolved, whitespace is evened out. Models were
 * trained on prompts cleaned so, and curly quotes or full-width commas left in a prompt change its tokens.
 *
 * <p>Read {@link io.arvid.model.wan.prompt.PromptCleaning} first. The repair reproduces ftfy 6.3 (Robyn Speer, "ftfy: fixes text for you"), with the
 * settings it has by default; its documentation explains each step.
 */
@NullMarked
package io.arvid.model.wan.prompt;

import org.jspecify.annotations.NullMarked;
