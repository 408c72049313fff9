package io.arvid.model.wan;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.weights.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a tokenizer file shows of its model: enough to tell umT5's from others, read in passing, without building the tokenizer.
 *
 * @param kind what a {@code tokenizer.json} calls it, such as {@code Unigram} or {@code BPE}; empty where it does not say
 * @param entries pieces or words
 */
public record Vocabulary(String kind, int entries) {
    private static final String UNIGRAM = "Unigram";
    private static final JsonMapper JSON = new JsonMapper();

    /**
     * The vocabulary of {@code file}, a {@code tokenizer.json} or a {@code spiece.model}.
     *
     * @throws CheckpointException where it cannot be read
     */
    public static Vocabulary of(Path file) {
        try {
            return file.toString().endsWith(".json") ? ofJson(file) : ofSentencePiece(file);
        } catch (IOException | RuntimeException e) {
            throw new CheckpointException(file, "is not a readable tokenizer: " + Tokenizer.firstLine(e));
        }
    }

    private static Vocabulary ofSentencePiece(Path file) throws IOException {
        return new Vocabulary(UNIGRAM, SentencePieceFile.countPieces(Files.readAllBytes(file)));
    }

    private static Vocabulary ofJson(Path file) throws IOException {
        try (JsonParser json = JSON.createParser(file.toFile())) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("not a JSON object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String field = json.currentName();
                JsonToken value = json.nextToken();
                if (field.equals("model") && value == JsonToken.START_OBJECT) {
                    return ofModel(json);
                }
                json.skipChildren();
            }
            return new Vocabulary("", 0);
        }
    }

    private static Vocabulary ofModel(JsonParser json) throws IOException {
        String kind = "";
        int entries = 0;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            JsonToken value = json.nextToken();
            if (field.equals("type") && value == JsonToken.VALUE_STRING) {
                kind = json.getText();
            } else if (field.equals("vocab") && value.isStructStart()) {
                entries = countChildren(json);
            } else {
                json.skipChildren();
            }
        }
        return new Vocabulary(kind, entries);
    }

    /** Values in the array or object at whose beginning {@code json} stands; then it stands at the end. */
    private static int countChildren(JsonParser json) throws IOException {
        int children = 0;
        for (JsonToken token = json.nextToken(); !token.isStructEnd(); token = json.nextToken()) {
            if (token == JsonToken.FIELD_NAME) {
                json.nextToken();
            }
            json.skipChildren();
            children++;
        }
        return children;
    }

    /**
     * True where it can be that of {@code encoder}: a unigram model that leaves no more than one in a hundred of the encoder's rows without a piece. umT5 has
     * 256,000 pieces, 256,300 with its marks, for 256,384 rows; mT5 has 250,100, of its own.
     */
    public boolean fits(UmtConfig encoder) {
        int unused = encoder.vocab() - entries;
        return kind.equals(UNIGRAM) && unused >= 0 && unused <= encoder.vocab() / 100;
    }

    /** In words. */
    public String text() {
        return (kind.isEmpty() ? "of no known kind" : kind) + ", " + entries + " entries";
    }
}
