/** Benchmarks that run on their own, each a {@code main}; figures and commands are in {@code docs/perf}. */
@NullMarked
package io.arvid.bench;

import org.jspecify.annotations.NullMarked;
