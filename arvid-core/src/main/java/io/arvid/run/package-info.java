/**
 * A model as a person uses it: a folder is opened, prompts go in, videos come out. Read {@link io.arvid.run.ModelFolder} and
 * {@link io.arvid.run.Generator}; {@link io.arvid.run.QuantizedModel} runs a packed model in integers, {@link io.arvid.run.PublishedModel} a published
 * checkpoint as its preset says.
 *
 * <p>Training from folder to folder is here too ({@link io.arvid.run.ShapesTraining}, {@link io.arvid.run.BidirectionalTraining},
 * {@link io.arvid.run.QatRun}), and for long runs {@link io.arvid.run.StateFolder}, from which a stopped one goes on, and
 * {@link io.arvid.run.FullSizeBudget}, what one will take.
 */
@NullMarked
package io.arvid.run;

import org.jspecify.annotations.NullMarked;
