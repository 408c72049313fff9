/**
 * A model as a person uses it: a folder is opened, prompts go in, videos come out. Read {@link io.arvid.run.ModelFolder} and
 * {@link io.arvid.run.Generator}; {@link io.arvid.run.QuantizedModel} runs a packed model in integers.
 */
@NullMarked
package io.arvid.run;

import org.jspecify.annotations.NullMarked;
