package io.arvid.quantize.arvid;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.InputTap;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteForward;
import io.arvid.model.SiteRole;
import io.arvid.quantize.CachedRollouts;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.TinyModel;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class ForcedLatentsTest {
    private static boolean isFirst(LinearSite site) {
        return site.block() == 0 && site.role() == SiteRole.SELF_Q;
    }

    @Test
    void everyPassStartsFromTheLatentsOfFullPrecision() {
        try (TinyModel tiny = new TinyModel(7);
                CachedRollouts cached = new CachedRollouts(tiny.model(), 2, 3);
                TensorScope scope = TensorScope.open();
                ForcedLatents teacher = new ForcedLatents(QuantContext.of(tiny.model(), cached.rollouts()), 0)) {
            SiteForward exact = tiny.model().fullPrecision();
            SiteForward damaged = (site, step, input) -> site.role() == SiteRole.FFN_DOWN
                    ? Ops.mul(exact.apply(site, step, input), 1.1)
                    : exact.apply(site, step, input);
            Tensor expected = cached.rollouts().latents(1, exact);
            assertThat(distance(cached.rollouts().latents(1, damaged), expected))
                    .isGreaterThan(1e-3);
            assertThat(distance(cached.rollouts().latents(1, teacher.forced(1, damaged)), expected))
                    .isLessThan(1e-5);
            assertThat(distance(firstInputs(cached, teacher.forced(1, damaged)), firstInputs(cached, exact)))
                    .isLessThan(1e-5);
        }
    }

    /** What the first layer of the first block sees: nothing that the damage comes before, but for the latents. */
    private static Tensor firstInputs(CachedRollouts cached, SiteForward sites) {
        try (ActivationTape tape = new ActivationTape(ForcedLatentsTest::isFirst, 0, 0)) {
            TensorScope.runAndFree(() -> cached.rollouts().latents(1, new InputTap(sites, tape)));
            LinearSite first = LinearSite.of(SiteRole.SELF_Q, 0, 48, 48);
            return Ops.copy(tape.samples(first).inputs());
        }
    }

    private static double distance(Tensor a, Tensor b) {
        return Tensors.item(a.sub(b).abs().max());
    }
}
