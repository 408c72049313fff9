package io.arvid.evaluate.input;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A list of prompts as users have them: one a line (MovieGenVideoBench.txt, VBench's all_dimension.txt), CSV (MovieGenVideoBenchWithTag.csv), JSON
 * (VBench_full_info.json) or JSON lines.
 *
 * @param prompts in the file's order
 * @param byName those that the file gives a video's name
 */
public record PromptList(List<String> prompts, Map<String, String> byName) {
    private static final List<String> PROMPT_COLUMNS = List.of("prompt", "prompt_en", "text", "caption");
    private static final List<String> NAME_COLUMNS = List.of("name", "video", "file", "video_name");

    /** VBench and the inference scripts put the sample's index behind the prompt: {@code a cat-0}. */
    private static final Pattern SAMPLE_INDEX = Pattern.compile("-\\d+$");

    /** The inference scripts cut prompts to 100 characters in file names; shorter beginnings could be anybody's. */
    private static final int CUT_AT = 100;

    /** Copies both. */
    public PromptList {
        prompts = List.copyOf(prompts);
        byName = Map.copyOf(byName);
    }

    /** Reads {@code file}; empty lines of a text are skipped. */
    public static PromptList read(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        boolean table = name.endsWith(".csv") || name.endsWith(".json") || name.endsWith(".jsonl");
        return table ? ofTable(Table.read(file)) : ofLines(Table.text(file));
    }

    private static PromptList ofLines(String text) {
        return new PromptList(
                text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList(), Map.of());
    }

    private static PromptList ofTable(Table table) {
        String column = PROMPT_COLUMNS.stream()
                .filter(table.columns()::contains)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(table.file() + ": no column of prompts ("
                        + String.join(", ", PROMPT_COLUMNS) + "); there are " + table.columns()));
        List<String> prompts = new ArrayList<>();
        Map<String, String> byName = new LinkedHashMap<>();
        for (Map<String, String> row : table.rows()) {
            String prompt = row.get(column);
            if (prompt == null) {
                throw new IllegalArgumentException(table.file() + ": an entry without '" + column + "': " + row);
            }
            prompts.add(prompt.strip());
            NAME_COLUMNS.stream()
                    .filter(row::containsKey)
                    .findFirst()
                    .ifPresent(name -> byName.put(row.get(name), prompt.strip()));
        }
        return new PromptList(prompts, byName);
    }

    /**
     * The prompts of {@code samples}, which keep the ones they have: by the names in the file, by videos that are called after their prompt, or in order
     * where there are as many prompts as videos.
     */
    public List<Sample> applyTo(List<Sample> samples) {
        List<Sample> prompted = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            String prompt = sample.prompt();
            prompted.add(prompt == null ? sample.withPrompt(promptOf(sample.name(), i, samples.size())) : sample);
        }
        return prompted;
    }

    private String promptOf(String name, int index, int videos) {
        return Optional.ofNullable(byName.get(name))
                .or(() -> calledAfter(SAMPLE_INDEX.matcher(name).replaceFirst("")))
                .or(() -> prompts.size() == videos ? Optional.of(prompts.get(index)) : Optional.empty())
                .orElseThrow(() -> new IllegalArgumentException("video '" + name + "' has no prompt: none of the "
                        + prompts.size() + " prompts has its name, and there are " + videos + " videos"));
    }

    /** A cut may end with a space, which the name of the file then keeps before the index. */
    private Optional<String> calledAfter(String name) {
        String called = name.strip();
        return prompts.stream()
                .filter(prompt -> prompt.equals(called)
                        || prompt.length() > CUT_AT
                                && prompt.substring(0, CUT_AT).strip().equals(called))
                .findFirst();
    }
}
