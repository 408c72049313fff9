/**
 * QVGen (ICLR 2026, arXiv 2505.11497): quantizers whose ranges are learned, and the auxiliary module Φ that carries a part of the weight through training
 * and is gone at its end.
 *
 * <p>Everything here is a function of tensors, differentiable by libtorch, with parameters and random choices as arguments. Read
 * {@link io.arvid.quantize.qvgen.RankSchedule} and {@link io.arvid.quantize.qvgen.AuxiliaryModule} for the paper's idea,
 * {@link io.arvid.quantize.qvgen.LsqWeight} and {@link io.arvid.quantize.qvgen.ClippedDynamicInput} for its quantizers. The training itself is in
 * {@link io.arvid.quantize.qat}.
 */
@NullMarked
package io.arvid.quantize.qvgen;

import org.jspecify.annotations.NullMarked;
