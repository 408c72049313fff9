package io.arvid.run;

import io.arvid.model.wan.Checkpoints;
import io.arvid.model.wan.ModelCard;
import io.arvid.model.wan.Tokenizer;
import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.UmtTextEncoder;
import io.arvid.model.wan.WanConfig;
import io.arvid.rollout.preset.ModelFiles;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.MissingFileException;
import io.arvid.weights.WeightMap;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32;
import org.bytedeco.pytorch.Tensor;

/**
 * Prompts as a published model reads them.
 *
 * @param files where text encoder and tokenizer are
 * @param card of the transformer
 * @param type number type of the transformer's tokens
 */
record PublishedText(ModelFiles files, ModelCard card, DTypes type) {
    private static final int SYNTHETIC_WORDS = 24;

    /** True where random weights came without a text encoder: text states are random then, too. */
    boolean isSynthetic() {
        return card.origin() == ModelCard.Origin.SYNTHETIC && !files.has(ModelCard.Network.TEXT_ENCODER);
    }

    /**
     * Checks that everything is there to encode prompts.
     *
     * @throws MissingFileException naming what was found where it is not
     */
    void requireFiles() {
        if (!isSynthetic()) {
            files.network(ModelCard.Network.TEXT_ENCODER);
            files.tokenizer();
        }
    }

    /** Text states of each prompt, {@code [1, textLen, textDim]}; the encoder is in memory during this call only. */
    List<Tensor> states(List<String> prompts) {
        if (isSynthetic()) {
            return prompts.stream().map(this::syntheticStates).toList();
        }
        ModelCard encoderCard = files.network(ModelCard.Network.TEXT_ENCODER);
        List<Tensor> states = new ArrayList<>();
        try (WeightMap encoderWeights = Checkpoints.open(encoderCard).onCurrentDevice();
                Tokenizer tokenizer = Tokenizer.open(files.tokenizer(), config().textLen())) {
            UmtTextEncoder encoder = new UmtTextEncoder(UmtConfig.xxl(), encoderWeights);
            for (String prompt : prompts) {
                states.add(Torch.withoutGradients(() -> TensorScope.run(() -> {
                    Tokenizer.Tokens tokens = tokenizer.encode(List.of(prompt));
                    return Ops.to(encoder.encodeZeroPadded(tokens.ids(), tokens.mask()), type);
                })));
            }
        }
        return states;
    }

    private Tensor syntheticStates(String prompt) {
        CRC32 hash = new CRC32();
        hash.update(prompt.getBytes(StandardCharsets.UTF_8));
        try (Seeds seeds = new Seeds(hash.getValue())) {
            return TensorScope.run(() -> {
                Tensor states = Tensors.zeros(DTypes.F32, 1, config().textLen(), config().textDim());
                long words = Math.min(SYNTHETIC_WORDS, config().textLen());
                Ops.slice(states, 1, 0, words).copy_(Ops.mul(seeds.normal(1, words, config().textDim()), 0.2));
                return Ops.to(states, type);
            });
        }
    }

    private WanConfig config() {
        return Objects.requireNonNull(card.config());
    }
}
