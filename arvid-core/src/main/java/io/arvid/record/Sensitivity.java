package io.arvid.record;

import java.util.List;

/**
 * Share of the final error that is due to quantizing one chunk (Q-ARVD, Figure 2).
 *
 * @param setting bit widths, such as {@code w4a8}
 * @param prompts number of prompts
 * @param share one a chunk, in order; they add up to 1
 * @param textShare the part of chunk 0's share that is due to the text path alone, 0 where it was not measured
 * @param spearman rank correlation of chunk index and share
 */
public record Sensitivity(String setting, int prompts, List<Estimate> share, double textShare, double spearman) {}
