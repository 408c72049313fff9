/**
 * VBench's dimensions as its custom-input mode computes them (Huang et al. 2024, arXiv 2311.17982): preprocessing, network, formula per frame,
 * reduction.
 *
 * <p>Enters: videos {@code [T, 3, H, W]}, uint8 or in [0, 1]; networks of {@code evaluate.net}. Leaves: scores in [0, 1], the higher the better.
 * Read {@link io.arvid.evaluate.vbench.VBenchTransform} first. Networks compute in float32; VBench on a GPU runs CLIP in float16.
 */
@NullMarked
package io.arvid.evaluate.vbench;

import org.jspecify.annotations.NullMarked;
