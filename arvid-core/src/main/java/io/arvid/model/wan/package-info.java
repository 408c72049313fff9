/**
 * The networks of Wan 2.1 and of the causal models made from it, with parameter names as in the published checkpoints.
 *
 * <p>Read {@link io.arvid.model.wan.WanTransformer} first. Sources: Wan2.1 {@code wan/modules}, Self-Forcing {@code wan/modules/causal_model.py}.
 */
@NullMarked
package io.arvid.model.wan;

import org.jspecify.annotations.NullMarked;
