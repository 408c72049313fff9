package io.arvid.rollout.train.world;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Writes the word list as a Hugging Face {@code tokenizer.json}: one id a word, {@code </s>} at the end, padded to a fixed length. */
public final class TokenizerFile {

    private static final ObjectMapper JSON = new ObjectMapper();

    private TokenizerFile() {}

    /** Writes the file for prompts of at most {@code tokenCount} ids, the end mark included. */
    public static void write(Path file, int tokenCount) throws IOException {
        JSON.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), json(tokenCount));
    }

    static ObjectNode json(int tokenCount) {
        ObjectNode root = JSON.createObjectNode();
        root.put("version", "1.0");
        root.set("truncation", truncation(tokenCount));
        root.set("padding", padding(tokenCount));
        root.putArray("added_tokens");
        root.putNull("normalizer");
        root.putObject("pre_tokenizer").put("type", "WhitespaceSplit");
        root.set("post_processor", template());
        root.putNull("decoder");
        root.set("model", model());
        return root;
    }

    private static ObjectNode truncation(int tokenCount) {
        return JSON.createObjectNode()
                .put("direction", "Right")
                .put("max_length", tokenCount)
                .put("strategy", "LongestFirst")
                .put("stride", 0);
    }

    private static ObjectNode padding(int tokenCount) {
        ObjectNode padding = JSON.createObjectNode();
        padding.putObject("strategy").put("Fixed", tokenCount);
        return padding.put("direction", "Right")
                .putNull("pad_to_multiple_of")
                .put("pad_id", WordList.idOf(WordList.PAD))
                .put("pad_type_id", 0)
                .put("pad_token", WordList.PAD);
    }

    /** The prompt, then the end mark. */
    private static ObjectNode template() {
        ObjectNode template = JSON.createObjectNode().put("type", "TemplateProcessing");
        ArrayNode single = template.putArray("single");
        single.add(piece("Sequence", "A", 0)).add(piece("SpecialToken", WordList.END, 0));
        ArrayNode pair = template.putArray("pair");
        pair.add(piece("Sequence", "A", 0)).add(piece("Sequence", "B", 1));
        ObjectNode end = template.putObject("special_tokens").putObject(WordList.END);
        end.put("id", WordList.END);
        end.putArray("ids").add(WordList.idOf(WordList.END));
        end.putArray("tokens").add(WordList.END);
        return template;
    }

    private static ObjectNode piece(String type, String id, int typeId) {
        ObjectNode piece = JSON.createObjectNode();
        piece.putObject(type).put("id", id).put("type_id", typeId);
        return piece;
    }

    private static ObjectNode model() {
        ObjectNode model = JSON.createObjectNode().put("type", "WordLevel");
        ObjectNode vocabulary = model.putObject("vocab");
        List<String> words = WordList.words();
        for (int id = 0; id < words.size(); id++) {
            vocabulary.put(words.get(id), id);
        }
        return model.put("unk_token", WordList.UNKNOWN);
    }
}
