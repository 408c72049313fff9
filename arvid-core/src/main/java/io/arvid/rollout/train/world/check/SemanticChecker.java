package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.PromptGrammar;
import io.arvid.rollout.train.world.SceneDescription;
import io.arvid.rollout.train.world.Shape;
import io.arvid.rollout.train.world.ShapeColor;
import io.arvid.rollout.train.world.WorldSpec;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Decides by measurement, without a learned judge, whether a video of the shapes world shows what its prompt says. */
public final class SemanticChecker {

    private final WorldSpec spec;
    private final Tolerances tolerances;
    private final ShapeReader reader;

    public SemanticChecker(WorldSpec spec) {
        this(spec, Tolerances.DEFAULT);
    }

    public SemanticChecker(WorldSpec spec, Tolerances tolerances) {
        this.spec = spec;
        this.tolerances = tolerances;
        this.reader = new ShapeReader(spec, tolerances);
    }

    /**
     * Checks one video.
     *
     * @param video unsigned bytes {@code [T, 3, H, W]}, T not necessarily the frame count of the world
     * @param prompt a prompt of {@link PromptGrammar}
     */
    public SemanticCheck check(byte[] video, String prompt) {
        return judge(read(video), PromptGrammar.parse(prompt));
    }

    /** Measures a video once, so that several descriptions can be held against it. */
    VideoReading read(byte[] video) {
        if (video.length == 0 || video.length % spec.valuesPerFrame() != 0) {
            throw new IllegalArgumentException(
                    video.length + " bytes are not whole frames of " + spec.valuesPerFrame() + " values");
        }
        return VideoReading.of(video, spec, tolerances);
    }

    SemanticCheck judge(VideoReading reading, SceneDescription wanted) {
        Set<ShapeColor> wantedColors =
                wanted.shapes().stream().map(Shape::color).collect(Collectors.toSet());
        Set<ShapeColor> found = colorsFound(reading, wantedColors);
        int blobCount = found.stream()
                .mapToInt(color -> reading.tracks().get(color).track().regionCount())
                .sum();
        double drift = reading.background().drift(tolerances.chunkFrames());
        List<ShapeCheck> shapes = wanted.shapes().stream()
                .map(shape -> reader.read(
                        shape, found.contains(shape.color()) ? reading.tracks().get(shape.color()) : null))
                .toList();
        return new SemanticCheck(
                Collections.unmodifiableSet(found),
                found.equals(wantedColors),
                blobCount,
                blobCount == wanted.shapes().size(),
                reading.background().isAlways(wanted.background(), tolerances.backgroundDistance()),
                drift,
                drift <= tolerances.driftLevels(),
                shapes);
    }

    /** The colors that are there: wanted ones seen often enough, and others already when seen for a while. */
    private Set<ShapeColor> colorsFound(VideoReading reading, Set<ShapeColor> wanted) {
        Set<ShapeColor> found = EnumSet.noneOf(ShapeColor.class);
        for (ShapeColor color : reading.tracks().keySet()) {
            double least = wanted.contains(color) ? tolerances.seenShare() : tolerances.strayShare();
            if (reading.seenShares().get(color) >= least) {
                found.add(color);
            }
        }
        return found;
    }
}
