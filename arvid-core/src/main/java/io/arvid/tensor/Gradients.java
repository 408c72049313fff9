package io.arvid.tensor;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Derivatives by libtorch. They need a body that records gradients: {@link Torch#withGradients}. */
public final class Gradients {
    private Gradients() {}

    /** A copy of {@code value} that derivatives can be taken with respect to. */
    public static Tensor leaf(Tensor value) {
        return Ops.copy(value).requires_grad_(true);
    }

    /** The values of {@code value}, without a copy, as a place where derivatives begin. */
    public static Tensor sharedLeaf(Tensor value) {
        return value.detach().requires_grad_(true);
    }

    /**
     * Derivatives of {@code Σ output · upstream} with respect to {@code leaves}, in their order; zeros where the output does not depend on a leaf.
     *
     * @param upstream the shape of {@code output}
     */
    public static List<Tensor> of(Tensor output, Tensor upstream, Tensor... leaves) {
        TensorVector found = torch.grad(
                new TensorVector(output),
                new TensorVector(leaves),
                new TensorVector(upstream),
                new BoolOptional(false),
                false,
                true);
        List<Tensor> gradients = new ArrayList<>();
        for (int i = 0; i < leaves.length; i++) {
            Tensor gradient = found.get(i);
            gradients.add(gradient.defined() ? gradient.detach() : Tensors.zerosLike(leaves[i]));
        }
        return gradients;
    }

    /** Adds the derivatives of {@code Σ Σ outputᵢ · upstreamᵢ} to the gradients of all leaves. */
    public static void accumulate(List<Tensor> outputs, List<Tensor> upstreams) {
        torch.backward(
                new TensorVector(outputs.toArray(Tensor[]::new)),
                new TensorVector(upstreams.toArray(Tensor[]::new)),
                new BoolOptional(false),
                false,
                new TensorVector());
    }

    /** What has been accumulated in {@code leaf}; zeros where nothing was. */
    public static Tensor accumulated(Tensor leaf) {
        Tensor gradient = leaf.mutable_grad();
        return gradient.defined() ? gradient.detach() : Tensors.zerosLike(leaf);
    }
}
