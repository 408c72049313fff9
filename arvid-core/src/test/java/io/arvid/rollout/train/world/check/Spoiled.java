package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.WorldSpec;
import java.util.random.RandomGenerator;

/** Videos with known damage, {@code [T, 3, H, W]} unsigned bytes. */
final class Spoiled {

    private Spoiled() {}

    /** Binomial blur [1 2 1]/4 along both axes. */
    static byte[] blurred(byte[] video, WorldSpec spec) {
        return pass(pass(video, spec, true), spec, false);
    }

    private static byte[] pass(byte[] video, WorldSpec spec, boolean horizontal) {
        byte[] out = new byte[video.length];
        int side = horizontal ? spec.width() : spec.height();
        int step = horizontal ? 1 : spec.width();
        for (int i = 0; i < video.length; i++) {
            int at = i / step % side;
            int before = level(video[at > 0 ? i - step : i]);
            int after = level(video[at < side - 1 ? i + step : i]);
            out[i] = (byte) ((before + 2 * level(video[i]) + after + 2) / 4);
        }
        return out;
    }

    /** Gaussian noise, independent in every value. */
    static byte[] noisy(byte[] video, double sigmaLevels, RandomGenerator random) {
        byte[] out = new byte[video.length];
        for (int i = 0; i < video.length; i++) {
            out[i] = clamped(level(video[i]) + sigmaLevels * random.nextGaussian());
        }
        return out;
    }

    static byte[] reversed(byte[] video, WorldSpec spec) {
        return picked(video, spec, (frame, count) -> count - 1 - frame);
    }

    static byte[] frozen(byte[] video, WorldSpec spec) {
        return picked(video, spec, (frame, count) -> 0);
    }

    /** Forwards up to the middle, then backwards. */
    static byte[] thereAndBack(byte[] video, WorldSpec spec) {
        return picked(video, spec, (frame, count) -> Math.min(frame, count - 1 - frame));
    }

    /** Adds a level that grows from 0 in the first frame to {@code most} in the last. */
    static byte[] brightening(byte[] video, WorldSpec spec, double most) {
        byte[] out = new byte[video.length];
        int frames = video.length / spec.valuesPerFrame();
        for (int i = 0; i < video.length; i++) {
            out[i] = clamped(level(video[i]) + most * (i / spec.valuesPerFrame()) / (frames - 1));
        }
        return out;
    }

    private interface FramePick {
        int source(int frame, int frameCount);
    }

    private static byte[] picked(byte[] video, WorldSpec spec, FramePick pick) {
        byte[] out = new byte[video.length];
        int size = spec.valuesPerFrame();
        int frames = video.length / size;
        for (int t = 0; t < frames; t++) {
            System.arraycopy(video, pick.source(t, frames) * size, out, t * size, size);
        }
        return out;
    }

    private static int level(byte value) {
        return Byte.toUnsignedInt(value);
    }

    private static byte clamped(double value) {
        return (byte) Math.clamp(Math.round(value), 0, 255);
    }
}
