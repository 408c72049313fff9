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
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutConfig;
import io.arvid.rollout.RolloutListener;
import io.arvid.tensor.Tensors;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code wan_dit_causal_*}: a roll-out with recorded noise, compared pass by pass: inputs, flows, clean predictions, the caches after every chunk and
 * the bookkeeping of every call.
 */
final class CausalRolloutCase implements GoldenCase {
    private static final JsonMapper JSON = new JsonMapper();

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        JsonNode pipeline = folder.json().path("pipeline");
        WanConfig wan = JSON.convertValue(folder.json().path("config"), WanConfig.class);
        ObjectNode settings = pipeline.deepCopy();
        settings.setAll((ObjectNode) folder.json().path("config").deepCopy());
        RolloutConfig config = JSON.convertValue(settings, RolloutConfig.class);

        Comparison comparison = new Comparison(folder, report, wan.numLayers());
        DenoiseSchedule schedule = new DenoiseSchedule(config);
        comparison.timesteps("denoising_timesteps", schedule.timesteps(1));
        comparison.timesteps("denoising_timesteps_first_chunk", schedule.timesteps(0));
        WanTransformer model = new WanTransformer(wan, folder.weights());
        Tensor latents = new Rollout(model, config)
                .with(comparison)
                .run(
                        comparison.input("noise"),
                        folder.io().has("initial_latent") ? comparison.input("initial_latent") : null,
                        comparison.input("context"),
                        (step, shape) -> comparison.input("chunk" + step.chunk() + "_step" + step.pass() + "_renoise"));
        comparison.expect("latents", latents);
        comparison.finish();
    }

    /** Compares what a roll-out passes through with what the case has recorded. */
    private static final class Comparison implements RolloutListener {
        private final CaseFolder folder;
        private final CaseReport report;
        private final int layers;
        private final Set<String> seen = new HashSet<>();
        private int call;
        private int givenChunks;
        private @Nullable KvCache cache;
        private @Nullable TextContext text;

        Comparison(CaseFolder folder, CaseReport report, int layers) {
            this.folder = folder;
            this.report = report;
            this.layers = layers;
        }

        Tensor input(String name) {
            seen.add(name);
            return folder.tensor(name);
        }

        void expect(String name, Tensor actual) {
            if (folder.io().has(name)) {
                seen.add(name);
                report.expect(folder, name, actual, folder.tolerance());
            }
        }

        void timesteps(String name, float[] actual) {
            expect(name, Tensors.of(actual, actual.length));
        }

        @Override
        public void started(ChunkPlan plan, KvCache startedCache, TextContext startedText) {
            cache = startedCache;
            text = startedText;
            givenChunks = plan.given().size();
            double[] frames = plan.generated().stream()
                    .mapToDouble(ChunkPlan.Chunk::frameCount)
                    .toArray();
            double[] expected = new double[folder.json().path("chunk_frames").size()];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = folder.json().path("chunk_frames").path(i).asDouble();
            }
            report.expectTrue("chunk_frames", Arrays.equals(frames, expected));
        }

        @Override
        public void passed(RolloutStep step, Tensor latents, Tensor flow) {
            String chunk = step.chunk() < 0 ? "init" + (step.chunk() + givenChunks) : "chunk" + step.chunk();
            String pass = step.isContext() ? chunk : chunk + "_step" + step.pass();
            expect(pass + "_input", latents);
            expect((step.isContext() && step.chunk() >= 0 ? chunk + "_context" : pass) + "_flow", flow);
            for (int layer = 0; layer < layers; layer++) {
                int end = cache.window(layer).localEnd();
                Tensor keys = cache.store(layer).keys(0, end).transpose(1, 2);
                expect(pass + "_cache_k_layer" + layer, keys);
                expect(
                        pass + "_cache_v_layer" + layer,
                        cache.store(layer).values(0, end).transpose(1, 2));
            }
            logged(step);
        }

        private void logged(RolloutStep step) {
            JsonNode log = folder.json().path("call_log").path(call);
            String name = "call_log[" + call++ + "]";
            expectLogged(name, log, "chunk", step.chunk());
            expectLogged(name, log, "frames", step.frameCount());
            expectLogged(name, log, "current_start", step.startFrame() * cache.tokensPerFrame());
            expectLogged(name, log, "timestep", step.timestep());
            expectLogged(name, log, "global_end", cache.window(0).globalEnd());
            expectLogged(name, log, "local_end", cache.window(0).localEnd());
        }

        private void expectLogged(String name, JsonNode log, String field, double actual) {
            if (log.has(field)) {
                report.expect(name + "." + field, actual, log.path(field).asDouble(), Tolerance.EXACT);
            }
        }

        @Override
        public void denoised(RolloutStep step, Tensor clean) {
            expect("chunk" + step.chunk() + "_step" + step.pass() + "_x0", clean);
        }

        @Override
        public void finished(ChunkPlan.Chunk chunk, Tensor latents) {
            for (int layer = 0; layer < layers; layer++) {
                TextContext.KeysAndValues kv = text.keysAndValues(layer, () -> {
                    throw new IllegalStateException("cross-attention keys were not kept");
                });
                expect("cross_k_layer" + layer, kv.keys().transpose(1, 2));
                expect("cross_v_layer" + layer, kv.values().transpose(1, 2));
            }
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
