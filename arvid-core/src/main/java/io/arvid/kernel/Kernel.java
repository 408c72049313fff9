package io.arvid.kernel;

import io.arvid.pack.PackedLayer;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.tensor.Devices;
import io.arvid.tensor.onednn.Onednn;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** The kernels, fastest first. */
public enum Kernel {
    /** Integer products of oneDNN: AMX, or VNNI. */
    ONEDNN {
        @Override
        public Optional<String> refusal() {
            if (Devices.current().isCuda()) {
                return onProcessorOnly();
            }
            return Onednn.find()
                    .map(onednn -> onednn.isa().isExact()
                            ? ""
                            : onednn.isa() + " sums pairs of byte products in 16 bits, which saturates; "
                                    + "AVX2_VNNI, AVX512_VNNI or AMX is needed")
                    .or(() -> Optional.of(Onednn.absence()))
                    .filter(reason -> !reason.isEmpty());
        }

        @Override
        public Optional<String> refusal(KernelSpec spec) {
            if (spec.weights().bits() > BYTE) {
                return Optional.of("weight codes of " + spec.weights().bits() + " bits do not fit a byte");
            }
            if (!(spec.at() instanceof Granularity.PerChannel)) {
                return Optional.of("weight scales are " + spec.at().text() + ", not per-channel");
            }
            if (spec.branchOnQuantizedInput()) {
                return Optional.of("the low-rank branch is fed by the rounded input");
            }
            return spec.inputs().stream()
                    .map(plan -> refusal(plan, spec.hasOutliers()))
                    .flatMap(Optional::stream)
                    .findFirst();
        }

        private static Optional<String> refusal(InputPlan plan, boolean hasOutliers) {
            return switch (plan) {
                case InputPlan.Full() -> Optional.of("inputs are not quantized");
                case InputPlan.Companded companded -> Optional.of("inputs have uneven steps");
                case InputPlan.Stepwise stepwise -> Optional.of("inputs have plans within plans");
                case InputPlan.Static fixed when fixed.grid().bits() <= BYTE -> Optional.empty();
                case InputPlan.Static fixed -> wide(fixed.grid().bits());
                case InputPlan.Dynamic dynamic
                when dynamic.grid().bits() > BYTE -> wide(dynamic.grid().bits());
                case InputPlan.Dynamic dynamic
                when dynamic.at() instanceof Granularity.Grouped ->
                    Optional.of("input scales are " + dynamic.at().text());
                case InputPlan.Dynamic dynamic
                when dynamic.at() instanceof Granularity.PerTensor && hasOutliers ->
                    Optional.of("input scales are found per tensor, for two sets of columns");
                case InputPlan.Dynamic dynamic -> Optional.empty();
            };
        }

        private static Optional<String> wide(int bits) {
            return Optional.of("input codes of " + bits + " bits do not fit a byte");
        }

        @Override
        public QuantGemm prepare(PackedLayer layer, Tensor bias, WeightMemory memory) {
            Onednn onednn = Onednn.find().orElseThrow(() -> new IllegalStateException(Onednn.absence()));
            return new IntegerGemm(layer, bias, codes -> new OnednnSegment(onednn, codes, memory));
        }
    },

    /** The same integers, multiplied in float64: bit for bit the same outputs on every machine, slowly. */
    EMULATED {
        @Override
        public Optional<String> refusal() {
            return Devices.current().isCuda() ? onProcessorOnly() : Optional.empty();
        }

        @Override
        public Optional<String> refusal(KernelSpec spec) {
            return ONEDNN.refusal(spec);
        }

        @Override
        public QuantGemm prepare(PackedLayer layer, Tensor bias, WeightMemory memory) {
            return new IntegerGemm(layer, bias, EmulatedSegment::new);
        }
    },

    /** The simulation, in the model's own floating point: for every plan. */
    SIMULATED {
        @Override
        public Optional<String> refusal() {
            return Optional.empty();
        }

        @Override
        public Optional<String> refusal(KernelSpec spec) {
            return Optional.empty();
        }

        @Override
        public QuantGemm prepare(PackedLayer layer, Tensor bias, WeightMemory memory) {
            return new SimulatedGemm(layer, bias);
        }
    };

    private static final int BYTE = 8;

    private static Optional<String> onProcessorOnly() {
        return Optional.of("it multiplies in the processor's memory, and " + Devices.current() + " computes");
    }

    /** Why this kernel cannot run on this machine; nothing where it can. */
    public abstract Optional<String> refusal();

    /** Why this kernel cannot run such a layer, on any machine; nothing where it can. */
    public abstract Optional<String> refusal(KernelSpec spec);

    /** {@code layer} with {@code bias [out]}, made ready, its codes in memory of its own. */
    public final QuantGemm prepare(PackedLayer layer, Tensor bias) {
        try (WeightMemory memory = new WeightMemory()) {
            return prepare(layer, bias, memory);
        }
    }

    /** {@code layer} with {@code bias [out]}, made ready, its codes in {@code memory}. */
    public abstract QuantGemm prepare(PackedLayer layer, Tensor bias, WeightMemory memory);

    /** The name in options and reports. */
    public String id() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
