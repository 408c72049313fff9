package io.arvid.model.wan;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.wan.prompt.PromptCleaning;
import io.arvid.tensor.Tensors;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.NearestName;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;

/**
 * Prompts to token ids by a Hugging Face {@code tokenizer.json} or a SentencePiece {@code spiece.model}, padded and truncated to one length. The length is the caller's; truncation and
 * padding settings in the file are not used, except for the padding id.
 */
public final class Tokenizer implements AutoCloseable {
    /**
     * Prompts as numbers.
     *
     * @param ids int64 {@code [prompts, length]}
     * @param mask int64 {@code [prompts, length]}: 1 for text, the end token included, 0 for padding
     */
    public record Tokens(Tensor ids, Tensor mask) {}

    /** Words of a vocabulary that an error may list. */
    private static final int MOST_LISTED = 50;

    static {
        // The library would otherwise look for a GPU build of itself to download, and report its use to its makers'
        // server.
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
    }

    private final HuggingFaceTokenizer tokenizer;
    private final int length;
    private final long paddingId;
    private final Set<String> words;

    private Tokenizer(HuggingFaceTokenizer tokenizer, int length, long paddingId, Set<String> words) {
        this.tokenizer = tokenizer;
        this.length = length;
        this.paddingId = paddingId;
        this.words = words;
    }

    /**
     * The tokenizer in {@code file}.
     *
     * @param place a {@code tokenizer.json}, a {@code spiece.model}, or a folder that holds one of them
     * @param length tokens of each prompt, at least 1: the text length of the model
     * @throws CheckpointException where the file cannot be read or does not describe a tokenizer
     */
    public static Tokenizer open(Path place, int length) {
        if (length < 1) {
            throw new IllegalArgumentException("a prompt of " + length + " tokens is too short to hold anything");
        }
        Path file = inFolder(place);
        boolean isSentencePiece = !file.toString().endsWith(".json");
        try {
            byte[] bytes = Files.readAllBytes(file);
            JsonNode json =
                    isSentencePiece ? SentencePieceFile.toTokenizerJson(bytes) : new JsonMapper().readTree(bytes);
            if (isSentencePiece) {
                bytes = new JsonMapper().writeValueAsBytes(json);
            }
            String size = Integer.toString(length);
            Map<String, String> options = Map.of(
                    "truncation", "true", "maxLength", size, "modelMaxLength", size, "padding", "false", "stride", "0");
            HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(bytes), options);
            return new Tokenizer(
                    tokenizer, length, json.path("padding").path("pad_id").asLong(0), wordsOf(json.path("model")));
        } catch (IOException | RuntimeException e) {
            throw new CheckpointException(
                    file,
                    "is not a readable " + (isSentencePiece ? "SentencePiece model" : "tokenizer.json") + ": "
                            + firstLine(e));
        }
    }

    private static Path inFolder(Path place) {
        if (!Files.isDirectory(place)) {
            return place;
        }
        Path json = place.resolve("tokenizer.json");
        return Files.exists(json) ? json : place.resolve("spiece.model");
    }

    /** Vocabulary of a word-level model without its special tokens; empty for other models, which split unknown words. */
    private static Set<String> wordsOf(JsonNode model) {
        Set<String> words = new TreeSet<>();
        if (model.path("type").asText().equals("WordLevel")) {
            model.path("vocab").fieldNames().forEachRemaining(words::add);
            words.removeIf(word -> word.startsWith("<") && word.endsWith(">"));
        }
        return words;
    }

    /** Tokens of each prompt. */
    public int length() {
        return length;
    }

    /**
     * Ids and mask of {@code prompts}, which must not be empty. They are cleaned first, as the Wan tokenizer does; what does not fit is cut off before the
     * end token.
     */
    public Tokens encode(List<String> prompts) {
        long[] ids = new long[prompts.size() * length];
        long[] mask = new long[ids.length];
        Arrays.fill(ids, paddingId);
        for (int row = 0; row < prompts.size(); row++) {
            Encoding encoding = tokenizer.encode(PromptCleaning.clean(prompts.get(row)));
            int tokens = encoding.getIds().length;
            System.arraycopy(encoding.getIds(), 0, ids, row * length, tokens);
            Arrays.fill(mask, row * length, row * length + tokens, 1);
        }
        return new Tokens(Tensors.of(ids, prompts.size(), length), Tensors.of(mask, prompts.size(), length));
    }

    /**
     * Checks that a word-level vocabulary has every word of {@code prompt}; other vocabularies have every word.
     *
     * @throws IllegalArgumentException naming each unknown word with the nearest known one, and all words of a small vocabulary
     */
    public void requireKnownWords(String prompt) {
        Set<String> unknown =
                new LinkedHashSet<>(Arrays.asList(PromptCleaning.clean(prompt).split(" ")));
        unknown.removeAll(words);
        unknown.remove("");
        if (!words.isEmpty() && !unknown.isEmpty()) {
            throw new IllegalArgumentException("the prompt has words that the model does not know: "
                    + unknown.stream()
                            .map(word -> "'" + word + "' (nearest: '" + NearestName.of(word, words) + "')")
                            .collect(Collectors.joining(", "))
                    + (words.size() > MOST_LISTED ? "" : "; it knows " + String.join(", ", words)));
        }
    }

    /** What {@code error} says, in one line. */
    static String firstLine(Exception error) {
        return String.valueOf(error.getMessage()).lines().findFirst().orElse("");
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
