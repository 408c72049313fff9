package io.arvid.evaluate.input;

import org.jspecify.annotations.Nullable;

/**
 * One video of a set with all that metrics may ask for.
 *
 * @param name what reports call it
 * @param video the video to be scored
 * @param reference what it is compared with: full precision, same prompt, same noise
 * @param prompt what was asked for; null where nobody said
 */
public record Sample(
        String name, Clip video, Clip reference, @Nullable String prompt) {
    /** The same files with {@code prompt}. */
    public Sample withPrompt(String prompt) {
        return new Sample(name, video, reference, prompt);
    }
}
