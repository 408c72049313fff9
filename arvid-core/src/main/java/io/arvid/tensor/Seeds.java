package io.arvid.tensor;

import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A stream of random tensors with a seed of its own, bit-identical with PyTorch's CPU generator in float32 and float64.
 *
 * <p>Draw noise in float32 and cast: in bfloat16 libtorch draws another stream.
 */
public final class Seeds implements AutoCloseable {
    private final Generator generator;

    /** A stream that starts at {@code seed}. */
    public Seeds(long seed) {
        this.generator = TensorScope.own(torch.make_generator_cpu(seed));
    }

    /** Standard normal float32 values. */
    public Tensor normal(long... shape) {
        return Devices.toCurrent(torch.randn(shape, new GeneratorOptional(generator), Devices.cpuOptions(DTypes.F32)));
    }

    /** Uniform float32 values in [0, 1). */
    public Tensor uniform(long... shape) {
        return Devices.toCurrent(torch.rand(shape, new GeneratorOptional(generator), Devices.cpuOptions(DTypes.F32)));
    }

    /** A random permutation of {@code 0 … count − 1}, int64. */
    public Tensor permutation(long count) {
        return Devices.toCurrent(
                torch.randperm(count, new GeneratorOptional(generator), Devices.cpuOptions(DTypes.I64)));
    }

    @Override
    public void close() {
        generator.close();
    }
}
