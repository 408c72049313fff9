package io.arvid.quantize.adaround;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** Adam (arXiv 1412.6980) without weight decay on one tensor, in PyTorch's order of operations; β = 0.9, 0.999, ε = 1e-8. */
final class Adam implements AutoCloseable {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final Tensor parameter;
    private final Tensor mean;
    private final Tensor square;
    private int step;

    /** Optimizes {@code parameter} in place. */
    Adam(Tensor parameter) {
        this.parameter = parameter;
        this.mean = TensorScope.own(Tensors.zerosLike(parameter));
        this.square = TensorScope.own(Tensors.zerosLike(parameter));
    }

    /** One step against {@code gradient}. */
    void step(Tensor gradient, double learningRate) {
        step++;
        double correction1 = 1 - Math.pow(BETA1, step);
        double correction2 = 1 - Math.pow(BETA2, step);
        Ops.lerp_(mean, gradient, 1 - BETA1);
        Ops.addcmul_(Ops.mul_(square, BETA2), gradient, gradient, 1 - BETA2);
        Tensor denominator = Ops.add_(Ops.div_(square.sqrt(), Math.sqrt(correction2)), EPSILON);
        Ops.addcdiv_(parameter, mean, denominator, -learningRate / correction1);
    }

    @Override
    public void close() {
        mean.close();
        square.close();
    }
}
