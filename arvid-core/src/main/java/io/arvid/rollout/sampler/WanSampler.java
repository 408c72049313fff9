package io.arvid.rollout.sampler;

import io.arvid.model.RolloutStep;
import io.arvid.model.SelfAttention;
import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.model.wan.FullAttention;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanRope;
import io.arvid.model.wan.WanTransformer;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * The sampler of the bidirectional model (Wan2.1 {@code wan/text2video.py} generate): the whole clip goes from noise to latent in {@code steps} steps
 * of a solver, each with two passes of the network, for the prompt and for the negative prompt, but for the last {@code unguidedSteps}.
 *
 * @param solver how the ODE is solved
 * @param steps solver steps; Wan2.1 takes 50
 * @param shift shift of the noise levels; Wan2.1 takes 5, and 8 to 12 for the 1.3B model
 * @param guidance weight of the prompt against the negative prompt; 1 is the prompt alone, at half the cost
 * @param unguidedSteps last steps that follow the prompt alone, with one pass each; 0 in Wan2.1, 9 of 50 in DSAQuant
 */
public record WanSampler(FlowSolver solver, int steps, double shift, double guidance, int unguidedSteps) {
    /** Called after every step. */
    @FunctionalInterface
    public interface Listener {
        /** {@code latents [B, F, C, H, W]} after step {@code index}, float32; valid during the call. */
        void stepped(int index, Tensor latents);
    }

    /**
     * Latents of one batch.
     *
     * @param model the network
     * @param noise standard normal noise {@code [B, F, C, H, W]}, float32
     * @param prompt text states of the prompts
     * @param negative text states of the negative prompts; not used where guidance is 1
     * @param sites how linear layers are computed
     * @param listener called after every step
     * @return float32 {@code [B, F, C, H, W]}
     */
    public Tensor sample(
            WanTransformer model,
            Tensor noise,
            TextContext prompt,
            TextContext negative,
            SiteForward sites,
            Listener listener) {
        SamplingSchedule schedule = solver.schedule(steps, shift);
        Tensor latents = Ops.toF32(noise);
        try (FlowSolver.Trajectory trajectory = solver.start(schedule);
                WanRope rope = new WanRope(model.config().headDim())) {
            SelfAttention attention = attentionOver(model.config(), rope, noise);
            for (int i = 0; i < steps; i++) {
                Tensor before = latents;
                try (TensorScope scope = TensorScope.open()) {
                    RolloutStep step = new RolloutStep(0, i, false, 0, (int) noise.size(1), schedule.timesteps()[i]);
                    Tensor flow = guidedFlow(model, before, prompt, negative, step, sites, attention);
                    latents = scope.keep(trajectory.step(before, flow));
                    listener.stepped(i, latents);
                }
                if (i > 0) {
                    before.close(); // The enclosing scope would keep the latents of every step.
                }
            }
        }
        return latents;
    }

    /** Classifier-free guidance: {@code negative + guidance · (prompt − negative)} (arXiv 2207.12598). */
    private Tensor guidedFlow(
            WanTransformer model,
            Tensor latents,
            TextContext prompt,
            TextContext negative,
            RolloutStep step,
            SiteForward sites,
            SelfAttention attention) {
        Tensor conditional = flow(model, latents, prompt, step, sites, attention);
        if (guidance == 1 || step.pass() >= steps - unguidedSteps) {
            return conditional;
        }
        Tensor unconditional = flow(model, latents, negative, step, sites, attention);
        return unconditional.add(Ops.mul(conditional.sub(unconditional), guidance));
    }

    private static Tensor flow(
            WanTransformer model,
            Tensor latents,
            TextContext text,
            RolloutStep step,
            SiteForward sites,
            SelfAttention attention) {
        Tensor typed = Ops.toTypeOf(latents, model.weights().get("patch_embedding.bias"));
        Tensor timesteps = Tensors.full(DTypes.F32, step.timestep(), latents.size(0), 1);
        return Ops.toF32(model.forward(typed, timesteps, text, step, sites, attention));
    }

    private static SelfAttention attentionOver(WanConfig config, WanRope rope, Tensor noise) {
        int[] patch = config.patchSize();
        int[] frames = WanRope.frames(0, (int) noise.size(1));
        return new FullAttention(rope, frames, (int) noise.size(3) / patch[1], (int) noise.size(4) / patch[2], null);
    }
}
