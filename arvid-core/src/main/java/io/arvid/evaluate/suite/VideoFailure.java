package io.arvid.evaluate.suite;

import java.util.List;

/**
 * A video that could not be scored.
 *
 * @param video its name
 * @param metrics the metrics that lack it
 * @param reason why
 */
public record VideoFailure(String video, List<String> metrics, String reason) {
    @Override
    public String toString() {
        return video + ": " + reason + " (" + String.join(", ", metrics) + ")";
    }
}
