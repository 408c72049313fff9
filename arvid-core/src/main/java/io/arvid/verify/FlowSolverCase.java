package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.rollout.sampler.DpmPlusPlus;
import io.arvid.rollout.sampler.FlowSolver;
import io.arvid.rollout.sampler.SamplingSchedule;
import io.arvid.rollout.sampler.UniPc;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/**
 * {@code solver_flow}: trajectories of the samplers of the bidirectional model with given network outputs, and their schedules. Tolerances are those of
 * the case's text: trajectories 1e-4, sigmas 1e-6, timesteps exact.
 */
final class FlowSolverCase implements GoldenCase {
    private static final Tolerance TRAJECTORY = Tolerance.absolute(1e-4);
    private static final Tolerance SIGMAS = Tolerance.absolute(1e-6);
    private static final Pattern SCHEDULE = Pattern.compile("schedule_(unipc|dpmpp)_(\\d+)_([\\d.]+)_sigmas");

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        JsonNode config = folder.json().path("config");
        int steps = config.path("steps").asInt();
        double shift = config.path("shift").asDouble();
        for (Map.Entry<String, JsonNode> entry : config.path("cases").properties()) {
            boolean unipc = entry.getValue().path("solver").asText().equals("unipc");
            JsonNode defaults = config.path("defaults").path(unipc ? "unipc" : "dpmpp");
            FlowSolver solver = unipc ? uniPc(entry.getValue(), defaults) : dpm(entry.getValue(), defaults);
            SamplingSchedule schedule = solver.schedule(steps, shift);
            expectSchedule(folder, report, entry.getKey(), schedule);
            expectTrajectory(folder, report, entry.getKey(), solver, schedule);
        }
        for (String name : folder.io().names()) {
            Matcher matcher = SCHEDULE.matcher(name);
            if (matcher.matches()) {
                FlowSolver solver = matcher.group(1).equals("unipc") ? UniPc.wan() : DpmPlusPlus.wan();
                expectSchedule(
                        folder,
                        report,
                        name.substring(0, name.length() - "_sigmas".length()),
                        solver.schedule(Integer.parseInt(matcher.group(2)), Double.parseDouble(matcher.group(3))));
            }
        }
        if (folder.io().has("sampling_sigmas")) {
            double[] expected = Tensors.toDoubles(folder.tensor("sampling_sigmas"));
            double[] sigmas = SamplingSchedule.fromOne(expected.length, shift).sigmas();
            report.expect("sampling_sigmas", java.util.Arrays.copyOf(sigmas, expected.length), expected, SIGMAS);
        }
    }

    private static void expectSchedule(CaseFolder folder, CaseReport report, String name, SamplingSchedule schedule) {
        report.expect(folder, name + "_timesteps", Tensors.of(schedule.timesteps(), schedule.steps()), Tolerance.EXACT);
        report.expect(folder, name + "_sigmas", Tensors.of(schedule.sigmas(), schedule.steps() + 1), SIGMAS);
    }

    /** The reference's trajectory ends one step early where its last step is not finite; ours is compared up to there. */
    private static void expectTrajectory(
            CaseFolder folder, CaseReport report, String name, FlowSolver solver, SamplingSchedule schedule) {
        Tensor outputs = folder.tensor("model_outputs");
        Tensor sample = folder.tensor("x_T");
        List<Tensor> states = new ArrayList<>();
        List<Tensor> clean = new ArrayList<>();
        try (FlowSolver.Trajectory trajectory = solver.start(schedule)) {
            for (int i = 0; i < schedule.steps(); i++) {
                Tensor flow = outputs.select(0, i);
                clean.add(sample.sub(Ops.mul(flow, schedule.sigmas()[i])));
                sample = trajectory.step(sample, flow);
                states.add(sample);
            }
        }
        long known = folder.tensor(name + "_trajectory").size(0);
        report.expect(folder, name + "_trajectory", Ops.stack(0, states.subList(0, (int) known)), TRAJECTORY);
        if (folder.io().has(name + "_x0")) {
            report.expect(folder, name + "_x0", Ops.stack(0, clean), TRAJECTORY);
        }
    }

    private static UniPc uniPc(JsonNode options, JsonNode defaults) {
        Set<Integer> uncorrected = new HashSet<>();
        options.path("disable_corrector").forEach(step -> uncorrected.add(step.asInt()));
        return new UniPc(
                option(options, defaults, "solver_order").asInt(),
                option(options, defaults, "solver_type").asText().equals("bh1") ? UniPc.Form.BH1 : UniPc.Form.BH2,
                option(options, defaults, "predict_x0").asBoolean(),
                option(options, defaults, "lower_order_final").asBoolean(),
                uncorrected);
    }

    private static DpmPlusPlus dpm(JsonNode options, JsonNode defaults) {
        return new DpmPlusPlus(
                option(options, defaults, "solver_order").asInt(),
                option(options, defaults, "solver_type").asText().equals("heun")
                        ? DpmPlusPlus.Form.HEUN
                        : DpmPlusPlus.Form.MIDPOINT,
                option(options, defaults, "lower_order_final").asBoolean());
    }

    private static JsonNode option(JsonNode options, JsonNode defaults, String name) {
        return options.has(name) ? options.path(name) : defaults.path(name);
    }
}
