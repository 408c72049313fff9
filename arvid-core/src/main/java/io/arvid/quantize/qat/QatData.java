package io.arvid.quantize.qat;

import org.bytedeco.pytorch.Tensor;

/** Clips to train on. What is handed out belongs to the data and stays valid. */
public interface QatData {
    /** Clean normalized latents of the first {@code frames} frames of a clip at least, {@code [F, C, h, w]}. */
    Tensor latents(int clip, int frames);

    /** Text states of a clip's prompt, {@code [L, textDim]}. */
    Tensor text(int clip);

    /** Names what the clips and their latents depend on: a run goes on only with the same. */
    default String fingerprint() {
        return "";
    }

    /** Says which clips will soon be wanted. */
    default void prefetch(int[] clips, int frames) {}
}
