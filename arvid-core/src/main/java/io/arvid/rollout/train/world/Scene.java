package io.arvid.rollout.train.world;

import java.util.List;

/** A scene ready to be drawn: its description and the center of each shape at frame 0. */
public record Scene(SceneDescription description, List<Point> starts) {

    public Scene {
        starts = List.copyOf(starts);
        if (starts.size() != description.shapes().size()) {
            throw new IllegalArgumentException("a scene needs one start a shape");
        }
    }

    /** Center of a shape at a frame. */
    public Point centerAt(int shapeIndex, int frame, WorldSpec spec) {
        return description.shapes().get(shapeIndex).centerAt(starts.get(shapeIndex), frame, spec);
    }

    public String prompt() {
        return PromptGrammar.promptOf(description);
    }
}
