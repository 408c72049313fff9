package io.arvid.record;

import org.jspecify.annotations.Nullable;

/** One stage of {@link Progress} for a training, which may go on from any of its steps. */
public final class TrainingProgress implements AutoCloseable {
    private final Progress progress;
    private final String name;
    private Progress.@Nullable Stage stage;

    /** The stage {@code name}, begun with the first step. */
    public TrainingProgress(Progress progress, String name) {
        this.progress = progress;
        this.name = name;
    }

    /** Step {@code step} of {@code totalSteps}, counted from 1, is done. */
    public void onStep(long step, long totalSteps) {
        if (stage == null) {
            stage = progress.begin(name, totalSteps);
            stage.resume(step - 1);
        }
        stage.step();
    }

    @Override
    public void close() {
        if (stage != null) {
            stage.close();
        }
    }
}
