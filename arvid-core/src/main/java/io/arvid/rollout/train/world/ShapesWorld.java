package io.arvid.rollout.train.world;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Seeded sampling of scenes. The same seed gives the same scene on every machine. */
public final class ShapesWorld {

    /** A shape starts in this part of its reach, on the side that it moves away from. */
    private static final double START_SHARE = 0.15;

    /** Across its direction a shape starts this far at most from the middle of its lane, as a share of its reach. */
    private static final double LANE_JITTER = 0.06;

    /** How much farther with every try that found no room. */
    private static final double MORE_JITTER = 0.002;

    /** Free pixels between two shapes at frame 0, in the unit frame. */
    private static final double START_GAP = 1;

    private static final int MOST_TRIES = 100_000;

    private final WorldSpec spec;

    public ShapesWorld(WorldSpec spec) {
        this.spec = spec;
    }

    public WorldSpec spec() {
        return spec;
    }

    /** A scene for training; its combination of shapes is never one of the held-out ones. */
    public Scene trainingScene(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return place(describe(random, false), random);
    }

    /** Different prompts whose combinations of shapes training never sees, half of them with one shape while the stock of those lasts. */
    public List<String> heldOutPrompts(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Set<String> prompts = new LinkedHashSet<>();
        for (int i = 0; i < MOST_TRIES && prompts.size() < count; i++) {
            prompts.add(PromptGrammar.promptOf(describe(random, true)));
        }
        if (prompts.size() < count) {
            throw new IllegalArgumentException("found only " + prompts.size() + " held-out prompts, not " + count);
        }
        return List.copyOf(prompts);
    }

    /** Whether training never sees the shapes of this prompt together. */
    public static boolean isHeldOut(SceneDescription scene) {
        return HeldOut.contains(scene);
    }

    /** The scene of a prompt, with seeded start positions. */
    public Scene sceneOf(String prompt, long seed) {
        return place(PromptGrammar.parse(prompt), new SplittableRandom(seed));
    }

    private static SceneDescription describe(RandomGenerator random, boolean heldOut) {
        // The number of shapes is drawn once, so that leaving combinations out does not move the share of one-shape
        // scenes.
        int shapeCount = random.nextBoolean() ? 1 : 2;
        for (int i = 0; i < MOST_TRIES; i++) {
            SceneDescription scene =
                    new SceneDescription(shapes(random, shapeCount), pick(random, Background.values()));
            if (HeldOut.contains(scene) == heldOut) {
                return scene;
            }
        }
        throw new IllegalStateException("no scene found");
    }

    private static List<Shape> shapes(RandomGenerator random, int count) {
        List<Shape> shapes = new ArrayList<>();
        while (shapes.size() < count) {
            Shape shape = new Shape(
                    pick(random, ShapeSize.values()),
                    pick(random, ShapeColor.values()),
                    pick(random, ShapeKind.values()),
                    pick(random, Direction.values()),
                    pick(random, Speed.values()));
            if (shapes.isEmpty() || goTogether(shapes.getFirst(), shape)) {
                shapes.add(shape);
            }
        }
        return shapes;
    }

    /** Two colors, and one axis: where ways cross, shapes hide one another, and a small transformer loses what it does not see. */
    private static boolean goTogether(Shape first, Shape second) {
        return first.color() != second.color()
                && first.direction().horizontal() == second.direction().horizontal();
    }

    private static <T> T pick(RandomGenerator random, T[] values) {
        return values[random.nextInt(values.length)];
    }

    /**
     * Start positions. Shapes keep to lanes of equal width in the order of the prompt, the first one the highest or the leftmost, so that a prompt says
     * nearly where its shapes begin.
     */
    private Scene place(SceneDescription description, RandomGenerator random) {
        List<Shape> shapes = description.shapes();
        for (int i = 0; i < MOST_TRIES; i++) {
            List<Point> starts = new ArrayList<>();
            for (int lane = 0; lane < shapes.size(); lane++) {
                double middle = (lane + 0.5) / shapes.size();
                double jitter = Math.min(0.5, LANE_JITTER + i * MORE_JITTER);
                double across = Math.clamp(middle + jitter * (2 * random.nextDouble() - 1), 0, 1);
                starts.add(start(shapes.get(lane), START_SHARE * random.nextDouble(), across));
            }
            if (apart(shapes, starts)) {
                return new Scene(description, starts);
            }
        }
        throw new IllegalStateException("the shapes do not fit side by side into a frame of " + spec);
    }

    private Point start(Shape shape, double along, double across) {
        double fraction = shape.direction().sign() > 0 ? along : 1 - along;
        return shape.direction().horizontal()
                ? new Point(spec.reachX(shape).at(fraction), spec.reachY(shape).at(across))
                : new Point(spec.reachX(shape).at(across), spec.reachY(shape).at(fraction));
    }

    /** True where the bounding boxes leave a gap. */
    private boolean apart(List<Shape> shapes, List<Point> starts) {
        if (shapes.size() < 2) {
            return true;
        }
        double least = spec.halfExtent(shapes.get(0)) + spec.halfExtent(shapes.get(1)) + START_GAP * spec.scale();
        Point a = starts.get(0);
        Point b = starts.get(1);
        return Math.max(Math.abs(a.x() - b.x()), Math.abs(a.y() - b.y())) >= least;
    }
}
