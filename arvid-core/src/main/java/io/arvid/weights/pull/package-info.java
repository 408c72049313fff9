/**
 * Fetches files of a model from a Hugging Face compatible server: in parallel, resumably, checked against the server's checksums, and whole or not at
 * all. Nothing here runs unless a user asks for it. Read {@link io.arvid.weights.pull.Pull} first.
 */
@NullMarked
package io.arvid.weights.pull;

import org.jspecify.annotations.NullMarked;
