package io.arvid.run;

import io.arvid.model.TextContext;
import io.arvid.record.FindingTable;
import io.arvid.record.Progress;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.KvCache;
import io.arvid.rollout.RolloutListener;
import io.arvid.rollout.kv.KvQuantization;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;

/** Every way of keeping keys and values, tried on one video of the full-precision model. */
public final class KvModes {
    private KvModes() {}

    /**
     * What one way came to.
     *
     * @param bytes of the cache at most
     * @param seconds of the roll-out
     * @param errors mean squared difference of each chunk's latents
     */
    record Mode(String name, long bytes, double seconds, List<Double> errors) {}

    /** One roll-out each; steps {@code stage} after every one, of which there are {@link #count}. */
    public static FindingTable measure(Generator generator, String prompt, long seed, Progress.Stage stage) {
        List<Mode> modes = new ArrayList<>();
        try (TensorScope scope = TensorScope.open()) {
            Tensor reference = null;
            for (KvQuantization.Codes codes : KvQuantization.Codes.values()) {
                CacheSize size = new CacheSize();
                long begin = System.nanoTime();
                Tensor latents = generator.latents(
                        prompt,
                        seed,
                        generator.model().transformer().fullPrecision(),
                        KvQuantization.of(codes).stores(),
                        size);
                double seconds = (System.nanoTime() - begin) / 1e9;
                reference = reference == null ? latents : reference;
                modes.add(new Mode(
                        codes.name().toLowerCase(Locale.ROOT),
                        size.bytes(),
                        seconds,
                        errors(generator, reference, latents)));
                stage.step();
            }
        }
        return table(modes);
    }

    /** A row a mode; chunks are counted from 1, as in all figures and tables of a report. */
    static FindingTable table(List<Mode> modes) {
        List<String> headings = new ArrayList<>(List.of("Cache", "MB", "of none", "Seconds"));
        for (int chunk = 1; chunk <= modes.getFirst().errors().size(); chunk++) {
            headings.add("Chunk " + chunk);
        }
        List<List<String>> rows = new ArrayList<>();
        for (Mode mode : modes) {
            List<String> row = new ArrayList<>(List.of(
                    mode.name(),
                    String.format(Locale.ROOT, "%.2f", mode.bytes() / 1e6),
                    String.format(
                            Locale.ROOT,
                            "%.3f",
                            mode.bytes() / (double) modes.getFirst().bytes()),
                    String.format(Locale.ROOT, "%.2f", mode.seconds())));
            mode.errors().forEach(error -> row.add(String.format(Locale.ROOT, "%.1e", error)));
            rows.add(row);
        }
        return new FindingTable(
                "kv",
                "Keys and values in few bits",
                "One roll-out of the full-precision model, in float32, for each way of keeping the keys and values of"
                        + " finished chunks, with the same prompt and noise. The columns of chunks hold the mean squared"
                        + " error of their latents against keys and values as they are.",
                headings,
                rows);
    }

    /** Roll-outs that {@link #measure} makes. */
    public static int count() {
        return KvQuantization.Codes.values().length;
    }

    /** Mean squared difference of each chunk. */
    public static List<Double> errors(Generator generator, Tensor reference, Tensor latents) {
        int frames = generator.model().config().rollout().framesPerChunk();
        List<Double> errors = new ArrayList<>();
        for (long start = 0; start < reference.size(1); start += frames) {
            errors.add(Tensors.item(Ops.meanSquaredError(
                    Ops.slice(reference, 1, start, start + frames), Ops.slice(latents, 1, start, start + frames))));
        }
        return errors;
    }

    /** Hears how many bytes a cache takes at most, the chunk in work included. */
    public static final class CacheSize implements RolloutListener {
        private long bytes;
        private KvCache cache;

        @Override
        public void started(ChunkPlan plan, KvCache ofVideo, TextContext text) {
            cache = ofVideo;
        }

        @Override
        public void finished(ChunkPlan.Chunk chunk, Tensor latents) {
            bytes = cache.peakBytes();
        }

        /** Bytes of native memory. */
        public long bytes() {
            return bytes;
        }
    }
}
