package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.model.RolloutStep;
import io.arvid.model.TextContext;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.DenoiseSchedule;
import io.arvid.rollout.KvCache;
import io.arvid.rollout.RollingCacheSize;
import io.arvid.rollout.RollingForcing;
import io.arvid.rollout.RolloutConfig;
import io.arvid.rollout.RolloutListener;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.HashSet;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** {@code rolling_forcing_rollout}: a rolling roll-out with recorded noise: inputs, timesteps and predictions of every window, every call, the final cache. */
final class RollingForcingCase implements GoldenCase {
    private static final JsonMapper JSON = new JsonMapper();

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        ObjectNode pipeline = folder.json().path("pipeline").deepCopy();
        if (!pipeline.has("warp_denoising_step")) {
            pipeline.put("warp_denoising_step", true);
        }
        WanConfig wan = JSON.convertValue(folder.json().path("config"), WanConfig.class);
        RolloutConfig config = JSON.convertValue(pipeline, RolloutConfig.class);
        RollingCacheSize size = new RollingCacheSize(
                pipeline.path("kv_cache_frames").asInt(RollingCacheSize.PUBLISHED.cachedFrames()),
                pipeline.path("max_attention_frames").asInt(RollingCacheSize.PUBLISHED.attendedFrames()));

        float[] timesteps = new DenoiseSchedule(config).timesteps();
        Comparison comparison = new Comparison(folder, report, config, timesteps, wan.numLayers());
        comparison.expect("denoising_timesteps", Tensors.of(timesteps, timesteps.length));
        Tensor latents = new RollingForcing(new WanTransformer(wan, folder.weights()), config)
                .with(size)
                .with(comparison)
                .run(comparison.input("noise"), comparison.input("context"), comparison::renoise);
        comparison.expect("latents", latents);
        comparison.finish();
    }

    /** Compares what a roll-out passes through with what the case has recorded. */
    private static final class Comparison implements RolloutListener {
        private final CaseFolder folder;
        private final CaseReport report;
        private final RolloutConfig config;
        private final float[] timesteps;
        private final int layers;
        private final Set<String> seen = new HashSet<>();
        private int window;
        private int call;
        private @Nullable KvCache cache;

        Comparison(CaseFolder folder, CaseReport report, RolloutConfig config, float[] timesteps, int layers) {
            this.folder = folder;
            this.report = report;
            this.config = config;
            this.timesteps = timesteps;
            this.layers = layers;
        }

        Tensor input(String name) {
            seen.add(name);
            return folder.tensor(name);
        }

        Tensor renoise(RolloutStep step, long... shape) {
            return input("window" + (step.chunk() + step.pass()) + "_block" + step.chunk() + "_renoise");
        }

        void expect(String name, Tensor actual) {
            if (folder.io().has(name)) {
                report.expect(folder, name, actual, folder.tolerance());
                seen.add(name);
            }
        }

        @Override
        public void started(ChunkPlan plan, KvCache startedCache, TextContext text) {
            cache = startedCache;
            expectStated(
                    "pipeline",
                    folder.json().path("pipeline"),
                    "blocks",
                    plan.generated().size());
        }

        @Override
        public void passed(RolloutStep step, Tensor latents, Tensor flow) {
            JsonNode log = folder.json().path("call_log").path(call);
            String name = "call_log[" + call++ + "]";
            report.expectTrue(
                    name + ".kind",
                    log.path("kind").asText().equals(step.isContext() ? "cache update" : "denoise window"));
            expectStated(name, log, "current_start", step.startFrame() * cache.tokensPerFrame());
            expectStated(name, log, "frames", step.frameCount());
            expectStated(name, log, "global_end", cache.window(0).globalEnd());
            expectStated(name, log, "local_end", cache.window(0).localEnd());
            for (int layer = 0; step.isContext() && layer < layers; layer++) {
                expectFinalCache(layer);
            }
            if (!step.isContext()) {
                window = step.chunk() + step.pass();
                expect("window" + window + "_input", latents);
                expectTimesteps(name, step, log);
            }
            expectStated(name, log, "window", window);
        }

        private void expectTimesteps(String name, RolloutStep step, JsonNode log) {
            int perChunk = config.framesPerChunk();
            int chunks = step.frameCount() / perChunk;
            float[] perFrame = new float[step.frameCount()];
            for (int frame = 0; frame < perFrame.length; frame++) {
                perFrame[frame] = timesteps[step.pass() - frame / perChunk];
            }
            expect("window" + window + "_timestep", Tensors.of(perFrame, 1, perFrame.length));
            expectStated(name, log, "start_block", step.chunk());
            expectStated(name, log, "end_block", step.chunk() + chunks - 1);
            for (int chunk = 0; chunk < log.path("timesteps").size(); chunk++) {
                report.expect(
                        name + ".timesteps[" + chunk + "]",
                        timesteps[step.pass() - chunk],
                        log.path("timesteps").path(chunk).asDouble(),
                        Tolerance.EXACT);
            }
        }

        /** The case's cache is that of the last call: the slots in use, and zeros behind them. */
        private void expectFinalCache(int layer) {
            if (call < folder.json().path("call_log").size()) {
                return;
            }
            int end = cache.window(layer).localEnd();
            expectSlots("final_cache_k_layer" + layer, cache.store(layer).keys(0, end));
            expectSlots("final_cache_v_layer" + layer, cache.store(layer).values(0, end));
        }

        private void expectSlots(String name, Tensor slots) {
            if (folder.io().has(name)) {
                Tensor expected = input(name);
                report.expect(
                        name, slots.transpose(1, 2), Ops.slice(expected, 1, 0, slots.size(2)), folder.tolerance());
            }
        }

        private void expectStated(String name, JsonNode stated, String field, double actual) {
            if (stated.has(field)) {
                report.expect(name + "." + field, actual, stated.path(field).asDouble(), Tolerance.EXACT);
            }
        }

        @Override
        public void denoised(RolloutStep step, Tensor clean) {
            expect("window" + (step.chunk() + step.pass()) + "_x0", clean);
        }

        /** Nothing that the case lists may be left out. */
        void finish() {
            report.expect("calls", call, folder.json().path("call_log").size(), Tolerance.EXACT);
            for (String name : folder.io().names()) {
                report.expectTrue(name + " was compared", seen.contains(name));
            }
        }
    }
}
