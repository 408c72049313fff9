package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.model.wan.prompt.PromptCleaning;

/** {@code prompt_cleaning}: pairs of prompts before and after cleaning, in the description itself. */
final class PromptCleaningCase implements GoldenCase {
    @Override
    public void run(CaseFolder folder, CaseReport report) {
        for (JsonNode pair : folder.json().path("pairs")) {
            String input = pair.path("input").asText();
            String cleaned = PromptCleaning.clean(input);
            report.expectTrue(
                    "\"" + input.strip() + "\" becomes \"" + cleaned + "\"",
                    cleaned.equals(pair.path("output").asText()));
        }
    }
}
