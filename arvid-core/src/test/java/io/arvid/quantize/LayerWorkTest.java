package io.arvid.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.LinearSite;
import io.arvid.quantize.fit.MinMaxWeightFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.tensor.TensorScope;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LayerWorkTest {
    private static final long WORK_NANOS = 200_000_000;

    private final AtomicInteger started = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();

    @Test
    void closingWaitsForLayersThatAreStillWorkedOn() {
        try (TinyModel tiny = new TinyModel(7);
                TensorScope scope = TensorScope.open()) {
            SequencedMap<LinearSite, ScaledLayer> layers = ScaledModel.of(
                            tiny.model(), Scheme.staticPerTensor(4, 8), new MinMaxWeightFit())
                    .layers();
            LinearSite failing = layers.firstEntry().getKey();
            assertThatThrownBy(() -> {
                        try (LayerWork work = new LayerWork(2)) {
                            work.find(layers, (site, layer) -> site.equals(failing) ? fail() : succeed());
                        }
                    })
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("cannot be rounded");
            assertThat(started.get()).isPositive().isEqualTo(ended.get());
        }
    }

    /** Fails while another layer is worked on. */
    private int fail() {
        while (started.get() == 0) {
            Thread.onSpinWait();
        }
        throw new IllegalStateException("cannot be rounded");
    }

    private int succeed() {
        started.incrementAndGet();
        long start = System.nanoTime();
        while (System.nanoTime() - start < WORK_NANOS) {
            Thread.onSpinWait();
        }
        return ended.incrementAndGet();
    }
}
