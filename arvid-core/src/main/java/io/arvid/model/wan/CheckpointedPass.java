package io.arvid.model.wan;

import io.arvid.model.RolloutStep;
import io.arvid.model.SelfAttention;
import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.tensor.Gradients;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * A training pass that keeps only the inputs of the blocks: going back, each block is computed a second time (gradient checkpointing, arXiv 1604.06174).
 * Memory is that of one block and the residual stream between them; the gradients are those of the plain pass.
 */
public final class CheckpointedPass {
    /**
     * What goes in.
     *
     * @param latents {@code [B, F, C, H, W]}
     * @param timesteps {@code [B, F]} or {@code [B, 1]}
     * @param text text states {@code [B, L, textDim]}
     * @param step where in the roll-out
     * @param attention what tokens attend to
     */
    public record Inputs(Tensor latents, Tensor timesteps, Tensor text, RolloutStep step, SelfAttention attention) {}

    private final WanTransformer model;
    private final Inputs inputs;
    private final SiteForward sites;

    private CheckpointedPass(WanTransformer model, Inputs inputs, SiteForward sites) {
        this.model = model;
        this.inputs = inputs;
        this.sites = sites;
    }

    /**
     * Adds the gradients of a loss to those of the model's parameters; returns the loss.
     *
     * @param loss of the flow {@code [B, F, C, H, W]}, a tensor of one entry
     */
    public static double backward(WanTransformer model, Inputs inputs, SiteForward sites, UnaryOperator<Tensor> loss) {
        return new CheckpointedPass(model, inputs, sites).run(loss);
    }

    private double run(UnaryOperator<Tensor> loss) {
        Tensor tokens = model.embedPatches(inputs.latents());
        Tensor time = model.embedTime(inputs.timesteps(), inputs.step(), sites);
        Tensor modulation = model.modulation(time, inputs.step(), sites);
        Tensor embedded = model.embedText(inputs.text(), inputs.step(), sites);
        List<Tensor> before = Torch.withoutGradients(() -> blockInputs(tokens, modulation, embedded));

        Tensor last = Gradients.sharedLeaf(before.removeLast());
        Tensor timeLeaf = Gradients.sharedLeaf(time);
        Tensor value = loss.apply(model.predict(last, inputs.latents(), timeLeaf, inputs.step(), sites));
        value.backward();

        Tensor modulationLeaf = Gradients.sharedLeaf(modulation);
        Tensor textLeaf = Gradients.sharedLeaf(embedded);
        Tensor upstream = Gradients.accumulated(last);
        for (int index = before.size() - 1; index >= 0; index--) {
            upstream = backThrough(index, before.get(index), modulationLeaf, textLeaf, upstream);
        }
        backThroughEmbeddings(
                List.of(tokens, time, modulation, embedded),
                List.of(
                        upstream,
                        Gradients.accumulated(timeLeaf),
                        Gradients.accumulated(modulationLeaf),
                        Gradients.accumulated(textLeaf)));
        return Tensors.item(value);
    }

    /** What goes into each block, and what comes out of the last. */
    private List<Tensor> blockInputs(Tensor tokens, Tensor modulation, Tensor embedded) {
        List<Tensor> before = new ArrayList<>(List.of(tokens));
        for (WanBlock block : model.blocks()) {
            Tensor x = before.getLast();
            before.add(TensorScope.run(() -> forward(block, x, modulation, embedded)));
        }
        return before;
    }

    private Tensor backThrough(int index, Tensor before, Tensor modulation, Tensor embedded, Tensor upstream) {
        return TensorScope.run(() -> {
            Tensor leaf = Gradients.sharedLeaf(before);
            Tensor output = forward(model.blocks().get(index), leaf, modulation, embedded);
            Gradients.accumulate(List.of(output), List.of(upstream));
            return Gradients.accumulated(leaf);
        });
    }

    private Tensor forward(WanBlock block, Tensor x, Tensor modulation, Tensor embedded) {
        try (TextContext text = new TextContext(inputs.text())) {
            text.embedded(() -> embedded);
            return block.forward(x, modulation, model::embedText, text, inputs.step(), sites, inputs.attention());
        }
    }

    private static void backThroughEmbeddings(List<Tensor> outputs, List<Tensor> upstreams) {
        List<Tensor> trained = new ArrayList<>();
        List<Tensor> theirs = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            if (outputs.get(i).requires_grad()) {
                trained.add(outputs.get(i));
                theirs.add(upstreams.get(i));
            }
        }
        if (!trained.isEmpty()) {
            Gradients.accumulate(trained, theirs);
        }
    }
}
