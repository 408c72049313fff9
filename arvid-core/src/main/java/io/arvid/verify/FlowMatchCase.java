package io.arvid.verify;

import io.arvid.rollout.FlowMatchSchedule;
import io.arvid.tensor.Tensors;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/** {@code flow_match_scheduler}: grids, warped steps and conversions for several shifts. */
final class FlowMatchCase implements GoldenCase {
    /** {@code shift5_euler50_step7}: one Euler step of a 50-step grid, from entry 7. */
    private static final Pattern SHORT_GRID =
            Pattern.compile("shift[0-9.]+_(sigmas|timesteps|euler)([0-9]+)(_step([0-9]+))?");

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        for (var shift : folder.json().path("config").path("shifts")) {
            String prefix = "shift" + (shift.asDouble() == shift.asInt() ? shift.asInt() : shift.asText()) + "_";
            new Shift(folder, report, prefix, shift.asDouble()).compare();
        }
        report.expect(
                folder,
                "velocity_target",
                FlowMatchSchedule.target(folder.tensor("clean"), folder.tensor("noise")),
                folder.tolerance());
    }

    private record Shift(CaseFolder folder, CaseReport report, String prefix, double shift) {
        void compare() {
            FlowMatchSchedule schedule = new FlowMatchSchedule(
                    shift,
                    folder.json().path("config").path("num_train_timesteps").asInt());
            Tensor noise = folder.tensor("noise");
            Tensor flow = folder.tensor("flow");
            Tensor t = folder.tensor("t");
            double[] times = Tensors.toDoubles(t);
            expect("sigmas", schedule.sigmas());
            expect("timesteps", schedule.timesteps());
            expect("training_weights", schedule.trainingWeights());
            long[] steps = Tensors.toLongs(folder.tensor("denoising_step_list"));
            float[] warped = new float[steps.length];
            for (int i = 0; i < steps.length; i++) {
                warped[i] = schedule.warp(Math.toIntExact(steps[i]));
            }
            expect("warped", warped);
            expect("index", Arrays.stream(times).map(schedule::index).toArray());
            expect(
                    "training_weight_at_t",
                    Arrays.stream(times).map(schedule::trainingWeight).toArray());
            expect("add_noise", schedule.addNoise(folder.tensor("clean"), noise, t));
            expect("x0", schedule.cleanFromFlow(noise, flow, t));
            Tensor rows = folder.tensor("flow_from_x0_rows");
            expect("flow_from_x0", flowFromClean(schedule, rows));
            folder.io().names().stream().filter(name -> name.startsWith(prefix)).forEach(this::compareShortGrid);
        }

        /** The flow from the clean samples to the noisy ones, for {@code rows}. */
        private Tensor flowFromClean(FlowMatchSchedule schedule, Tensor rows) {
            Tensor clean = folder.tensor("clean").index_select(0, rows);
            Tensor noisy = folder.tensor("noise").index_select(0, rows);
            return schedule.flowFromClean(noisy, clean, folder.tensor("t").index_select(0, rows));
        }

        private void compareShortGrid(String name) {
            Matcher matcher = SHORT_GRID.matcher(name);
            if (matcher.matches()) {
                FlowMatchSchedule grid = new FlowMatchSchedule(shift, Integer.parseInt(matcher.group(2)));
                String what = name.substring(prefix.length());
                switch (matcher.group(1)) {
                    case "sigmas" -> expect(what, grid.sigmas());
                    case "timesteps" -> expect(what, grid.timesteps());
                    default -> expect(what, euler(grid, Integer.parseInt(matcher.group(4))));
                }
            }
        }

        private Tensor euler(FlowMatchSchedule grid, int from) {
            Tensor noise = folder.tensor("noise");
            float[] times = new float[Math.toIntExact(noise.size(0))];
            Arrays.fill(times, grid.timesteps()[from]);
            return grid.step(folder.tensor("flow"), noise, Tensors.of(times, times.length));
        }

        private void expect(String what, float[] actual) {
            expect(what, Tensors.of(actual, actual.length));
        }

        private void expect(String what, double[] actual) {
            expect(what, Tensors.of(actual, actual.length));
        }

        private void expect(String what, Tensor actual) {
            report.expect(folder, prefix + what, actual, folder.tolerance());
        }
    }
}
