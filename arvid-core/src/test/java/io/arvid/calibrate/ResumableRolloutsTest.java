package io.arvid.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.LinearSite;
import io.arvid.model.SiteForward;
import io.arvid.model.SiteRole;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.record.Progress;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutConfig;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResumableRolloutsTest {
    private static final WanConfig CONFIG = new WanConfig(48, 64, 2, 2, 16, 16, 8, 4, 4, new int[] {1, 2, 2}, 1e-6);
    private static final int TOKENS = 7;

    @TempDir
    Path folder;

    private TensorScope scope;
    private WanTransformer model;
    private Tensor text;

    @BeforeAll
    static void useOneThread() {
        Torch.setThreads(1);
    }

    @BeforeEach
    void makeModel() {
        scope = TensorScope.open();
        try (Seeds seeds = new Seeds(5)) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            CONFIG.parameterShapes().forEach((name, shape) -> {
                Tensor values = Ops.mul(seeds.normal(shape), shape.length > 1 ? 0.2 : 0.1);
                weights.put(name, Ops.to(name.contains("norm") ? Ops.add(values, 1) : values, DTypes.BF16));
            });
            model = new WanTransformer(CONFIG, WeightMap.of(weights));
            text = Ops.to(seeds.normal(1, CONFIG.textLen(), CONFIG.textDim()), DTypes.BF16);
        }
    }

    @AfterEach
    void closeScope() {
        scope.close();
    }

    private ResumableRollouts rollouts(String name) {
        return new ResumableRollouts(
                new Rollout(model, RolloutConfig.selfForcing()),
                List.of(text),
                new long[] {1, 9, CONFIG.inDim(), 8, 8},
                3,
                folder.resolve(name),
                Progress.SILENT);
    }

    /** Layers of {@code model} that die when they have been asked {@code calls} times, as a killed process does in the midst of a pass. */
    private SiteForward dyingAfter(int calls) {
        int[] left = {calls};
        return new InputTap(model.fullPrecision(), (site, step, input) -> {
            if (left[0]-- == 0) {
                throw new IllegalStateException("killed");
            }
        });
    }

    private static CalibrationRollouts.Wanted wanted() {
        return new CalibrationRollouts.Wanted(site -> site.role() != SiteRole.HEAD, TOKENS, 11);
    }

    /** Layers of {@code model} that count in {@code calls} how often they are asked. */
    private SiteForward counting(AtomicInteger calls) {
        return new InputTap(model.fullPrecision(), (site, step, input) -> calls.incrementAndGet());
    }

    @Test
    void aRecordingThatWasKilledGoesOnWithTheSameBytes() {
        AtomicInteger wholeCalls = new AtomicInteger();
        Recording whole = rollouts("whole").record("r", 1, wanted(), counting(wholeCalls), Progress.SILENT);
        for (int calls : new int[] {3, 30, 100, 150}) {
            assertThatThrownBy(() -> rollouts("killed").record("r", 1, wanted(), dyingAfter(calls), Progress.SILENT))
                    .hasMessage("killed");
        }
        AtomicInteger calls = new AtomicInteger();
        Recording resumed = rollouts("killed").record("r", 1, wanted(), counting(calls), Progress.SILENT);
        assertThat(calls.get())
                .as("passes that were finished are not computed again")
                .isPositive()
                .isLessThan(wholeCalls.get() / 2);
        for (LinearSite site : CONFIG.sites()) {
            if (site.role() != SiteRole.HEAD) {
                Samples a = whole.samples(site);
                Samples b = resumed.samples(site);
                assertThat(b.steps()).isEqualTo(a.steps());
                assertThat(b.tokenShares()).isEqualTo(a.tokenShares());
                assertThat(Tensors.toBytes(b.inputs())).isEqualTo(Tensors.toBytes(a.inputs()));
            }
        }
    }

    @Test
    void aRollOutThatWasKilledEndsInTheSameLatents() {
        byte[] whole = Tensors.toBytes(rollouts("whole").latents("full-precision", 0, model.fullPrecision()));
        for (int calls : new int[] {50, 150}) {
            assertThatThrownBy(() -> rollouts("killed").latents("full-precision", 0, dyingAfter(calls)))
                    .hasMessage("killed");
        }
        byte[] resumed = Tensors.toBytes(rollouts("killed").latents("full-precision", 0, model.fullPrecision()));
        assertThat(resumed).isEqualTo(whole);
        assertThat(Tensors.toBytes(rollouts("killed").latents("full-precision", 0, dyingAfter(0))))
                .as("a finished roll-out is read, not computed")
                .isEqualTo(whole);
    }

    @Test
    void whatAFinishedRollOutLeftBehindIsRemoved() throws IOException {
        ResumableRollouts rollouts = rollouts("killed");
        rollouts.latents("full-precision", 0, model.fullPrecision());
        Path place = folder.resolve("killed").resolve("full-precision").resolve("prompt-0");
        Files.createFile(place.resolve("kv-1.bin"));
        Files.createFile(place.resolve("pass-50002-04.safetensors"));
        rollouts.latents("full-precision", 0, dyingAfter(0));
        try (Stream<Path> files = Files.list(place)) {
            assertThat(files).containsExactly(place.resolve("latents.safetensors"));
        }
    }

    @Test
    void theDiskHoldsWhatMemoryWouldHold() {
        Recording disk = rollouts("disk").record("r", 1, wanted(), model.fullPrecision(), Progress.SILENT);
        CalibrationRollouts inMemory = new CalibrationRollouts() {
            @Override
            public int promptCount() {
                return 1;
            }

            @Override
            public int chunkCount() {
                return 3;
            }

            @Override
            public Tensor textStates(int prompt) {
                return text;
            }

            @Override
            public Tensor latents(int prompt, SiteForward sites) {
                try (Seeds seeds = new Seeds(3)) {
                    Tensor noise = Ops.to(seeds.normal(1, 9, CONFIG.inDim(), 8, 8), DTypes.BF16);
                    return new Rollout(model, RolloutConfig.selfForcing())
                            .with(sites)
                            .run(noise, text, io.arvid.rollout.NoiseSource.seeded(seeds));
                }
            }
        };
        try (Recording memory = inMemory.record("r", 1, wanted(), model.fullPrecision(), Progress.SILENT)) {
            for (LinearSite site : CONFIG.sites()) {
                if (site.role() != SiteRole.HEAD) {
                    assertThat(Tensors.toBytes(disk.samples(site).inputs()))
                            .as(site.name())
                            .isEqualTo(Tensors.toBytes(memory.samples(site).inputs()));
                }
            }
        }
    }
}
