package io.arvid.model.wan;

import io.arvid.model.AttentionShape;
import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.model.PackedForward;
import io.arvid.model.RolloutStep;
import io.arvid.model.SelfAttention;
import io.arvid.model.SiteForward;
import io.arvid.model.SiteRole;
import io.arvid.model.TextContext;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The diffusion transformer of Wan 2.1, causal and bidirectional: names, shapes and arithmetic are the same, what a token attends to is an argument
 * (Wan2.1 {@code wan/modules/model.py}, Self-Forcing {@code wan/modules/causal_model.py}).
 */
public final class WanTransformer implements CausalVideoModel {
    private final WanConfig config;
    private final WeightMap weights;
    private final List<LinearSite> sites;
    private final Map<SiteRole, LinearSite> outerSites = new EnumMap<>(SiteRole.class);
    private final List<WanBlock> blocks = new ArrayList<>();
    private final Map<LinearSite, Tensor> siteWeights = new HashMap<>();
    private final Map<LinearSite, Tensor> siteBiases = new HashMap<>();
    private final PackedForward fullPrecision;

    /**
     * A transformer over {@code weights}, which must outlive it.
     *
     * @throws io.arvid.weights.CheckpointException naming every missing, unexpected or misshapen parameter
     */
    public WanTransformer(WanConfig config, WeightMap weights) {
        this(config, weights, false);
    }

    /** The same; {@code copied} where layers may be copied for speed though their weights stay in memory, as those that were converted do. */
    public WanTransformer(WanConfig config, WeightMap weights, boolean copied) {
        weights.requireShapes("Wan transformer", config.parameterShapes());
        this.config = config;
        this.weights = weights;
        this.sites = config.sites();
        List<Map<SiteRole, LinearSite>> byBlock = new ArrayList<>();
        for (int block = 0; block < config.numLayers(); block++) {
            byBlock.add(new EnumMap<>(SiteRole.class));
        }
        for (LinearSite site : sites) {
            siteWeights.put(site, weights.get(site.name() + ".weight"));
            siteBiases.put(site, weights.get(site.name() + ".bias"));
            (site.block() < 0 ? outerSites : byBlock.get(site.block())).put(site.role(), site);
        }
        for (int block = 0; block < config.numLayers(); block++) {
            blocks.add(new WanBlock(block, config, weights, byBlock.get(block)));
        }
        this.fullPrecision = copied
                ? PackedForward.beside(weights.bytes(), siteWeights::get, siteBiases::get)
                : PackedForward.of(sites, siteWeights::get, siteBiases::get);
    }

    /** Sizes of this model. */
    public WanConfig config() {
        return config;
    }

    /** The parameters. */
    public WeightMap weights() {
        return weights;
    }

    /** The blocks in order. */
    public List<WanBlock> blocks() {
        return blocks;
    }

    @Override
    public AttentionShape attentionShape(long height, long width) {
        config.tokensPerFrame(height, width);
        int rows = Math.toIntExact(height / config.patchSize()[1]);
        int columns = Math.toIntExact(width / config.patchSize()[2]);
        return new AttentionShape(config.numLayers(), config.numHeads(), config.headDim(), rows, columns);
    }

    @Override
    public List<LinearSite> sites() {
        return sites;
    }

    @Override
    public Tensor weight(LinearSite site) {
        return siteWeights.get(site);
    }

    @Override
    public Tensor bias(LinearSite site) {
        return siteBiases.get(site);
    }

    @Override
    public SiteForward fullPrecision() {
        return fullPrecision;
    }

    @Override
    public void release() {
        fullPrecision.release();
    }

    @Override
    public Tensor forward(
            Tensor latents,
            Tensor timesteps,
            TextContext text,
            RolloutStep step,
            SiteForward sites,
            SelfAttention attention) {
        Tensor tokens = embedPatches(latents);
        Tensor time = embedTime(timesteps, step, sites);
        Tensor modulation = modulation(time, step, sites);
        for (WanBlock block : blocks) {
            Tensor before = tokens;
            tokens = TensorScope.run(
                    () -> block.forward(before, modulation, this::embedText, text, step, sites, attention));
            if (!Torch.recordsGradients()) {
                before.close();
            }
        }
        return predict(tokens, latents, time, step, sites);
    }

    /** Flow {@code [B, F, C, H, W]} from what the blocks made of the tokens of {@code latents}. */
    Tensor predict(Tensor tokens, Tensor latents, Tensor time, RolloutStep step, SiteForward sites) {
        long frames = latents.size(1);
        long height = latents.size(3);
        long width = latents.size(4);
        Tensor patches = head(tokens, time, step, sites);
        return assemblePatches(patches, frames, height, width);
    }

    @Override
    public void prepareText(TextContext text, RolloutStep step, SiteForward sites) {
        for (WanBlock block : blocks) {
            TensorScope.runAndFree(() -> block.prepare(this::embedText, text, step, sites));
        }
    }

    /** Latents {@code [B, F, C, H, W]} to tokens {@code [B, F·h·w, dim]}: the patch convolution, whose stride equals its kernel, as a matrix product. */
    public Tensor embedPatches(Tensor latents) {
        int ph = config.patchSize()[1];
        int pw = config.patchSize()[2];
        long h = latents.size(3) / ph;
        long w = latents.size(4) / pw;
        Tensor patches = latents.reshape(latents.size(0), latents.size(1), latents.size(2), h, ph, w, pw)
                .permute(0, 1, 3, 5, 2, 4, 6)
                .reshape(latents.size(0), latents.size(1) * h * w, latents.size(2) * ph * pw);
        Tensor kernel = weights.get("patch_embedding.weight");
        return Ops.linear(patches, kernel.reshape(config.dim(), -1), weights.get("patch_embedding.bias"));
    }

    /** Sinusoid of float32 timesteps {@code [..]}: all cosines, then all sines; float64 {@code [.., freqDim]}. */
    public static Tensor sinusoid(Tensor timesteps, int freqDim) {
        int half = freqDim / 2;
        double[] frequencies = new double[half];
        for (int i = 0; i < half; i++) {
            frequencies[i] = Math.pow(10000, -(double) i / half);
        }
        Tensor angle = Ops.toF64(timesteps).unsqueeze(-1).mul(Tensors.of(frequencies, half));
        return Ops.cat(-1, angle.cos(), angle.sin());
    }

    /** Time embedding e of timesteps {@code [B, F]}: {@code [B, F, dim]}. */
    public Tensor embedTime(Tensor timesteps, RolloutStep step, SiteForward sites) {
        Tensor sinusoid = Ops.toTypeOf(sinusoid(timesteps, config.freqDim()), weights.get("patch_embedding.bias"));
        Tensor hidden = Ops.silu(sites.apply(outerSites.get(SiteRole.TIME_UP), step, sinusoid));
        return sites.apply(outerSites.get(SiteRole.TIME_DOWN), step, hidden);
    }

    /** Modulation e0 of e {@code [B, F, dim]}: {@code [B, F, 6, dim]}. */
    public Tensor modulation(Tensor time, RolloutStep step, SiteForward sites) {
        Tensor projected = sites.apply(outerSites.get(SiteRole.TIME_PROJECTION), step, Ops.silu(time));
        return projected.reshape(time.size(0), time.size(1), 6, config.dim());
    }

    /**
     * Text states {@code [B, L, textDim]}, padded with zero rows to textLen and embedded: {@code [B, textLen, dim]}.
     *
     * @throws IllegalArgumentException where L is more than textLen: padding would cut off the end of the text
     */
    public Tensor embedText(Tensor states, RolloutStep step, SiteForward sites) {
        if (states.size(1) > config.textLen()) {
            throw new IllegalArgumentException(
                    "text states of " + states.size(1) + " positions for a transformer that takes " + config.textLen());
        }
        Tensor padded = states.size(1) == config.textLen()
                ? states
                : Ops.pad(states, 0, 0, 0, config.textLen() - states.size(1));
        Tensor typed = Ops.toTypeOf(padded, weights.get("patch_embedding.bias"));
        Tensor hidden = Ops.geluTanh(sites.apply(outerSites.get(SiteRole.TEXT_UP), step, typed));
        return sites.apply(outerSites.get(SiteRole.TEXT_DOWN), step, hidden);
    }

    /** Tokens to patches {@code [B, tokens, ph·pw·outDim]}; modulated by e, not e0. */
    private Tensor head(Tensor tokens, Tensor time, RolloutStep step, SiteForward sites) {
        Tensor rows = weights.get("head.modulation").add(time.unsqueeze(2));
        return sites.apply(outerSites.get(SiteRole.HEAD), step, WanNorms.modulated(tokens, rows, 0, 1, config.eps()));
    }

    /** Patches, whose values are ordered row, column, channel, to latents {@code [B, F, C, H, W]}. */
    private Tensor assemblePatches(Tensor patches, long frames, long height, long width) {
        int ph = config.patchSize()[1];
        int pw = config.patchSize()[2];
        return patches.reshape(patches.size(0), frames, height / ph, width / pw, ph, pw, config.outDim())
                .permute(0, 1, 6, 2, 4, 3, 5)
                .reshape(patches.size(0), frames, config.outDim(), height, width);
    }
}
