package io.arvid.verify;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.model.wan.FullAttention;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanRope;
import io.arvid.model.wan.WanTransformer;
import io.arvid.tensor.Ops;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/** {@code wan_dit_bidirectional}: one forward pass of the bidirectional transformer and what it passes through. */
final class WanBidirectionalCase implements GoldenCase {
    @Override
    public void run(CaseFolder folder, CaseReport report) {
        WanConfig config = new JsonMapper().convertValue(folder.json().path("config"), WanConfig.class);
        WanTransformer model = new WanTransformer(config, folder.weights());
        Tensor latents = folder.tensor("x").permute(0, 2, 1, 3, 4);
        Tensor timesteps = folder.tensor("t").unsqueeze(1);
        int frames = (int) latents.size(1);
        int height = (int) latents.size(3) / config.patchSize()[1];
        int width = (int) latents.size(4) / config.patchSize()[2];
        RolloutStep step = RolloutStep.wholeClip(frames, 0);
        Tolerance tolerance = folder.tolerance();

        List<Tensor> contexts = new ArrayList<>();
        for (int i = 0; folder.io().has("context_" + i); i++) {
            Tensor states = folder.tensor("context_" + i);
            contexts.add(Ops.pad(states, 0, 0, 0, config.textLen() - states.size(0)));
        }
        Tensor states = Ops.stack(0, contexts);
        report.expect(folder, "patch_embedding", model.embedPatches(latents), tolerance);
        report.expect(
                folder, "time_sinusoid", WanTransformer.sinusoid(timesteps.squeeze(1), config.freqDim()), tolerance);
        Tensor time = model.embedTime(timesteps, step, model.fullPrecision());
        report.expect(folder, "time_e", time, tolerance);
        report.expect(folder, "time_e0", model.modulation(time, step, model.fullPrecision()), tolerance);
        report.expect(folder, "context_padded", states, tolerance);
        report.expect(folder, "context_embedded", model.embedText(states, step, model.fullPrecision()), tolerance);
        try (TextContext text = new TextContext(states)) {
            FullAttention attention =
                    new FullAttention(new WanRope(config.headDim()), WanRope.frames(0, frames), height, width, null);
            Tensor output = model.forward(latents, timesteps, text, step, model.fullPrecision(), attention);
            report.expect(folder, "output", output.permute(0, 2, 1, 3, 4), tolerance);

            Outputs outputs = new Outputs(folder, report);
            model.forward(latents, timesteps, text, step, outputs.watched(model.fullPrecision()), attention);
            Tensor tokens = model.embedPatches(latents);
            Tensor modulation = model.modulation(time, step, model.fullPrecision());
            for (int block = 0; block < config.numLayers(); block++) {
                tokens = model.blocks()
                        .get(block)
                        .forward(tokens, modulation, model::embedText, text, step, model.fullPrecision(), attention);
                outputs.expect("block" + block + "_out", tokens);
            }
            outputs.finish();
        }
    }

    /** What blocks and layers put out on the way, as far as the case lists it. */
    private record Outputs(CaseFolder folder, CaseReport report, Set<String> seen) {
        Outputs(CaseFolder folder, CaseReport report) {
            this(folder, report, new HashSet<>());
        }

        void expect(String name, Tensor actual) {
            if (folder.io().has(name)) {
                report.expect(folder, name, actual, folder.tolerance());
                seen.add(name);
            }
        }

        SiteForward watched(SiteForward layers) {
            return (site, step, input) -> {
                Tensor output = layers.apply(site, step, input);
                expect(name(site), output);
                return output;
            };
        }

        private static String name(LinearSite site) {
            return switch (site.role()) {
                case SELF_O -> "block" + site.block() + "_sa_out";
                case CROSS_O -> "block" + site.block() + "_ca_out";
                case FFN_DOWN -> "block" + site.block() + "_ffn_out";
                case HEAD -> "head_out";
                default -> site.name();
            };
        }

        void finish() {
            folder.io().names().stream()
                    .filter(name -> name.endsWith("_out"))
                    .forEach(name -> report.expectTrue(name + " was compared", seen.contains(name)));
        }
    }
}
