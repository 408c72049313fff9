package io.arvid.model.wan;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A SentencePiece unigram model ({@code spiece.model}, a protocol buffer) said as a {@code tokenizer.json}: the same pieces with the same scores, the same
 * character map, bytes for what no piece covers, and the end token behind. Format: {@code sentencepiece_model.proto}.
 */
final class SentencePieceFile {
    private static final int UNIGRAM = 1;
    private static final int NORMAL = 1;
    private static final int USER_DEFINED = 4;
    private static final JsonMapper JSON = new JsonMapper();

    private record Piece(String text, float score, int type) {}

    private final List<Piece> pieces = new ArrayList<>();
    private byte[] characterMap = {};
    private int modelType = UNIGRAM;
    private int unknown;
    private int end = 2;
    private int padding = -1;
    private boolean byteFallback;

    private SentencePieceFile(byte[] bytes) {
        for (Field field : fields(bytes)) {
            switch (field.number()) {
                case 1 -> pieces.add(piece(field.bytes()));
                case 2 -> readTrainer(field.bytes());
                case 3 -> readNormalizer(field.bytes());
                default -> {
                    // Self tests and the denormalizer say nothing about ids.
                }
            }
        }
    }

    /** The {@code tokenizer.json} of a {@code spiece.model}; {@code IllegalArgumentException} where it is none. */
    static ObjectNode toTokenizerJson(byte[] bytes) {
        return read(bytes).json();
    }

    /** Number of pieces of a {@code spiece.model}; {@code IllegalArgumentException} where it is none. */
    static int countPieces(byte[] bytes) {
        return read(bytes).pieces.size();
    }

    private static SentencePieceFile read(byte[] bytes) {
        SentencePieceFile file = new SentencePieceFile(bytes);
        if (file.pieces.isEmpty()) {
            throw new IllegalArgumentException("no pieces: not a SentencePiece model");
        }
        if (file.modelType != UNIGRAM) {
            throw new IllegalArgumentException("not a unigram model");
        }
        return file;
    }

    private ObjectNode json() {
        ObjectNode json = JSON.createObjectNode();
        json.put("version", "1.0");
        ArrayNode added = json.putArray("added_tokens");
        Map<Integer, String> special = new TreeMap<>();
        for (int id = 0; id < pieces.size(); id++) {
            if (pieces.get(id).type() != NORMAL && !pieces.get(id).text().matches("<0x[0-9A-F]{2}>")) {
                special.put(id, pieces.get(id).text());
            }
        }
        special.forEach((id, text) -> added.addObject()
                .put("id", id)
                .put("content", text)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", pieces.get(id).type() != USER_DEFINED));
        normalizer(json);
        json.putObject("pre_tokenizer")
                .put("type", "Metaspace")
                .put("replacement", "\u2581")
                .put("prepend_scheme", "always")
                .put("split", true);
        endToken(json);
        if (padding >= 0) {
            json.putObject("padding")
                    .put("strategy", "BatchLongest")
                    .put("direction", "Right")
                    .put("pad_id", padding)
                    .put("pad_type_id", 0)
                    .put("pad_token", pieces.get(padding).text());
        }
        ObjectNode model = json.putObject("model").put("type", "Unigram").put("unk_id", unknown);
        model.put("byte_fallback", byteFallback);
        ArrayNode vocabulary = model.putArray("vocab");
        pieces.forEach(piece -> vocabulary.addArray().add(piece.text()).add((double) piece.score()));
        return json;
    }

    /** The model's character map, then no white space at the end and one blank for several. */
    private void normalizer(ObjectNode json) {
        ObjectNode sequence = json.putObject("normalizer").put("type", "Sequence");
        ArrayNode steps = sequence.putArray("normalizers");
        if (characterMap.length > 0) {
            steps.addObject()
                    .put("type", "Precompiled")
                    .put("precompiled_charsmap", Base64.getEncoder().encodeToString(characterMap));
        }
        steps.addObject().put("type", "Strip").put("strip_left", true).put("strip_right", true);
        ObjectNode replace = steps.addObject().put("type", "Replace").put("content", " ");
        replace.putObject("pattern").put("Regex", " {2,}");
    }

    private void endToken(ObjectNode json) {
        String token = pieces.get(end).text();
        ObjectNode processor = json.putObject("post_processor").put("type", "TemplateProcessing");
        ArrayNode single = processor.putArray("single");
        single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        single.addObject().putObject("SpecialToken").put("id", token).put("type_id", 0);
        ArrayNode pair = processor.putArray("pair");
        pair.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 0);
        ObjectNode named =
                processor.putObject("special_tokens").putObject(token).put("id", token);
        named.putArray("ids").add(end);
        named.putArray("tokens").add(token);
    }

    private static Piece piece(byte[] bytes) {
        String text = "";
        float score = 0;
        int type = NORMAL;
        for (Field field : fields(bytes)) {
            switch (field.number()) {
                case 1 -> text = new String(field.bytes(), StandardCharsets.UTF_8);
                case 2 -> score = Float.intBitsToFloat((int) field.value());
                case 3 -> type = (int) field.value();
                default -> {
                    // Nothing else describes a piece.
                }
            }
        }
        return new Piece(text, score, type);
    }

    private void readTrainer(byte[] bytes) {
        for (Field field : fields(bytes)) {
            switch (field.number()) {
                case 3 -> modelType = (int) field.value();
                case 35 -> byteFallback = field.value() != 0;
                case 40 -> unknown = (int) field.value();
                case 42 -> end = (int) field.value();
                case 43 -> padding = (int) field.value();
                default -> {
                    // How it was trained.
                }
            }
        }
    }

    private void readNormalizer(byte[] bytes) {
        for (Field field : fields(bytes)) {
            if (field.number() == 2) {
                characterMap = field.bytes();
            }
        }
    }

    /** A field of a protocol buffer: its bytes where it has a length, otherwise its value. */
    private record Field(int number, long value, byte[] bytes) {}

    private static List<Field> fields(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        List<Field> fields = new ArrayList<>();
        try {
            while (in.hasRemaining()) {
                long key = variable(in);
                int number = (int) (key >>> 3);
                switch ((int) (key & 7)) {
                    case 0 -> fields.add(new Field(number, variable(in), new byte[0]));
                    case 1 -> fields.add(new Field(number, in.getLong(), new byte[0]));
                    case 5 -> fields.add(new Field(number, in.getInt(), new byte[0]));
                    case 2 -> {
                        long length = variable(in);
                        if (length < 0 || length > in.remaining()) {
                            throw new IllegalArgumentException("a field reaches beyond the file");
                        }
                        byte[] bytes = new byte[(int) length];
                        in.get(bytes);
                        fields.add(new Field(number, 0, bytes));
                    }
                    default -> throw new IllegalArgumentException("not a protocol buffer");
                }
            }
        } catch (java.nio.BufferUnderflowException e) {
            throw new IllegalArgumentException("the file ends within a field", e);
        }
        return fields;
    }

    private static long variable(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte part = in.get();
            value |= (long) (part & 0x7f) << shift;
            if (part >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("not a protocol buffer");
    }
}
