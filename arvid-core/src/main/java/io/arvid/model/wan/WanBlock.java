package io.arvid.model.wan;

import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SelfAttention;
import io.arvid.model.SiteForward;
import io.arvid.model.SiteRole;
import io.arvid.model.TextContext;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.WeightMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * One transformer block: modulated self-attention, cross-attention, modulated feed-forward (Wan2.1 WanAttentionBlock, Self-Forcing
 * CausalWanAttentionBlock). Modulation rows: 0 shift, 1 scale, 2 gate of attention; 3 shift, 4 scale, 5 gate of the feed-forward.
 */
public final class WanBlock {
    /** Embeds text states for the cross-attention. */
    @FunctionalInterface
    public interface TextEmbedding {
        /** Embeds {@code states [B, L, textDim]}. */
        Tensor embed(Tensor states, RolloutStep step, SiteForward sites);
    }

    private final int index;
    private final WanConfig config;
    private final Map<SiteRole, LinearSite> sites;
    private final Tensor modulation;
    private final Tensor selfNormQ;
    private final Tensor selfNormK;
    private final Tensor crossNormQ;
    private final Tensor crossNormK;
    private final Tensor norm3Weight;
    private final Tensor norm3Bias;

    WanBlock(int index, WanConfig config, WeightMap weights, Map<SiteRole, LinearSite> sites) {
        String prefix = "blocks." + index + ".";
        this.index = index;
        this.config = config;
        this.sites = sites;
        this.modulation = weights.get(prefix + "modulation");
        this.selfNormQ = weights.get(prefix + "self_attn.norm_q.weight");
        this.selfNormK = weights.get(prefix + "self_attn.norm_k.weight");
        this.crossNormQ = weights.get(prefix + "cross_attn.norm_q.weight");
        this.crossNormK = weights.get(prefix + "cross_attn.norm_k.weight");
        this.norm3Weight = weights.get(prefix + "norm3.weight");
        this.norm3Bias = weights.get(prefix + "norm3.bias");
    }

    /** Residual stream {@code [B, F·S, dim]} through the block; e0 {@code [B, F, 6, dim]} or {@code [B, 1, 6, dim]}. */
    public Tensor forward(
            Tensor x,
            Tensor e0,
            TextEmbedding textEmbedding,
            TextContext text,
            RolloutStep step,
            SiteForward forward,
            SelfAttention attention) {
        Tensor rows = modulation.add(e0);
        Tensor attended = TensorScope.run(() -> {
            Tensor input = WanNorms.modulated(x, rows, 0, 1, config.eps());
            return WanNorms.addGated(x, selfAttention(input, step, forward, attention), rows, 2);
        });
        Tensor prompted = TensorScope.run(() -> {
            Tensor input = WanNorms.layer(attended, norm3Weight, norm3Bias, config.eps());
            return attended.add(crossAttention(input, textEmbedding, text, step, forward));
        });
        return TensorScope.run(() -> {
            Tensor input = WanNorms.modulated(prompted, rows, 3, 4, config.eps());
            return WanNorms.addGated(prompted, feedForward(input, step, forward), rows, 5);
        });
    }

    /** Computes the cross-attention keys and values of {@code text}, where they are not there yet. */
    public void prepare(TextEmbedding textEmbedding, TextContext text, RolloutStep step, SiteForward forward) {
        keysAndValues(textEmbedding, text, step, forward);
    }

    private Tensor selfAttention(Tensor x, RolloutStep step, SiteForward forward, SelfAttention attention) {
        Tensor q = WanNorms.rms(forward.apply(site(SiteRole.SELF_Q), step, x), selfNormQ, config.eps());
        Tensor k = WanNorms.rms(forward.apply(site(SiteRole.SELF_K), step, x), selfNormK, config.eps());
        Tensor v = forward.apply(site(SiteRole.SELF_V), step, x);
        Tensor attended = attention.attend(index, step, splitHeads(q), splitHeads(k), splitHeads(v));
        return forward.apply(site(SiteRole.SELF_O), step, attended);
    }

    private Tensor crossAttention(
            Tensor x, TextEmbedding textEmbedding, TextContext text, RolloutStep step, SiteForward forward) {
        TextContext.KeysAndValues kv = keysAndValues(textEmbedding, text, step, forward);
        Tensor q = WanNorms.rms(forward.apply(site(SiteRole.CROSS_Q), step, x), crossNormQ, config.eps());
        Tensor attended = Ops.attention(splitHeads(q).transpose(1, 2), kv.keys(), kv.values(), null);
        return forward.apply(
                site(SiteRole.CROSS_O), step, attended.transpose(1, 2).reshape(x.size(0), x.size(1), x.size(2)));
    }

    private TextContext.KeysAndValues keysAndValues(
            TextEmbedding textEmbedding, TextContext text, RolloutStep step, SiteForward forward) {
        return text.keysAndValues(index, () -> {
            Tensor embedded = text.embedded(() -> textEmbedding.embed(text.states(), step, forward));
            Tensor k = WanNorms.rms(forward.apply(site(SiteRole.CROSS_K), step, embedded), crossNormK, config.eps());
            Tensor v = forward.apply(site(SiteRole.CROSS_V), step, embedded);
            return new TextContext.KeysAndValues(
                    splitHeads(k).transpose(1, 2), splitHeads(v).transpose(1, 2));
        });
    }

    private Tensor feedForward(Tensor x, RolloutStep step, SiteForward forward) {
        return forward.apply(site(SiteRole.FFN_DOWN), step, forward.applyGelu(site(SiteRole.FFN_UP), step, x));
    }

    private Tensor splitHeads(Tensor x) {
        return x.view(x.size(0), x.size(1), config.numHeads(), config.headDim());
    }

    private LinearSite site(SiteRole role) {
        return sites.get(role);
    }
}
