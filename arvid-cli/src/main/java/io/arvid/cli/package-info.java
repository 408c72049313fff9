/**
 * The command line: one thin class a verb.
 *
 * <p>Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a device or a file is missing, 130 stopped by Ctrl-C. Results go to standard output (as JSON with
 * {@code --json}), progress and errors to standard error. Read {@link io.arvid.cli.Arvid} first.
 */
@NullMarked
package io.arvid.cli;

import org.jspecify.annotations.NullMarked;
