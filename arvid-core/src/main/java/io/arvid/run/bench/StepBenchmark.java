package io.arvid.run.bench;

import io.arvid.model.PackedForward;
import io.arvid.model.RolloutStep;
import io.arvid.model.SelfAttention;
import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.model.wan.WanRope;
import io.arvid.model.wan.WanTransformer;
import io.arvid.record.Progress;
import io.arvid.rollout.KvStore;
import io.arvid.rollout.kv.KvQuantization;
import io.arvid.run.QuantizedModel;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * One block, or one pass of a chunk through all blocks with patch embedding and head, at several lengths of the cache. All blocks have the same weights
 * and share one store of keys and values; a step writes its chunk and attends to it and to what is before it.
 */
final class StepBenchmark {
    /** Tokens of the prompt, where the model takes as many. */
    private static final int TEXT_TOKENS = 64;

    private final BenchSettings settings;
    private final ByTurns clock;
    private final boolean wholeStep;

    StepBenchmark(BenchSettings settings, ByTurns clock, boolean wholeStep) {
        this.settings = settings;
        this.clock = clock;
        this.wholeStep = wholeStep;
    }

    /** In place of the bits of a contestant. */
    private static final int LIBTORCH = -1;

    private record Contestant(String name, int bits, KvQuantization.Codes kv) {}

    private static final List<Contestant> CONTESTANTS = List.of(
            new Contestant("bf16", 0, KvQuantization.Codes.NONE),
            new Contestant("bf16, libtorch's layers", LIBTORCH, KvQuantization.Codes.NONE),
            new Contestant("W8A8", 8, KvQuantization.Codes.NONE),
            new Contestant("W4A8", 4, KvQuantization.Codes.NONE),
            new Contestant("W8A8, kv int8", 8, KvQuantization.Codes.INT8),
            new Contestant("W8A8, kv int4", 8, KvQuantization.Codes.INT4));

    static long runs(BenchSettings settings, ByTurns clock) {
        return settings.kvFrames().size() * clock.runs(CONTESTANTS.size());
    }

    List<BenchRow> run(Progress.Stage stage) {
        WanTransformer model = RandomLayers.model(
                wholeStep ? settings.config() : settings.config().withLayers(1), false, true);
        // As a mapped checkpoint is run.
        SiteForward packed = PackedForward.always(model::weight, model::bias);
        List<BenchRow> rows = new ArrayList<>();
        try (QuantizedModel eight = RandomLayers.quantized(model, 8);
                QuantizedModel four = RandomLayers.quantized(model, 4);
                TensorScope scope = TensorScope.open();
                TextContext text = new TextContext(RandomLayers.activations(
                        1,
                        Math.min(TEXT_TOKENS, settings.config().textLen()),
                        settings.config().textDim()))) {
            for (int frames : settings.kvFrames()) {
                rows.addAll(run(
                        model, Map.of(0, packed, LIBTORCH, libtorch(model), 8, eight, 4, four), text, frames, stage));
            }
        } finally {
            model.weights().close();
        }
        return rows;
    }

    private static SiteForward libtorch(WanTransformer model) {
        return (site, step, input) -> Ops.linear(input, model.weight(site), model.bias(site));
    }

    private List<BenchRow> run(
            WanTransformer model, Map<Integer, SiteForward> sites, TextContext text, int frames, Progress.Stage stage) {
        List<BenchRow> rows = new ArrayList<>();
        Map<KvQuantization.Codes, FilledAttention> attentions = new LinkedHashMap<>();
        try {
            Map<String, Runnable> runs = new LinkedHashMap<>();
            for (Contestant contestant : CONTESTANTS) {
                FilledAttention attention =
                        attentions.computeIfAbsent(contestant.kv(), kv -> new FilledAttention(settings, kv, frames));
                runs.put(
                        contestant.name(),
                        wholeStep
                                ? step(model, sites.get(contestant.bits()), text, attention)
                                : block(model, sites.get(contestant.bits()), text, attention));
            }
            Map<String, ByTurns.Millis> times = clock.time(runs, stage);
            for (Contestant contestant : CONTESTANTS) {
                rows.add(BenchRow.timed(
                        wholeStep ? "chunk step" : "block",
                        (wholeStep ? settings.config().numLayers() + " of " + settings.modelBlocks() + " blocks, " : "")
                                + "KV "
                                + frames * settings.tokensPerFrame(),
                        contestant.name(),
                        times.get(contestant.name()),
                        times.get("bf16"),
                        attentions.get(contestant.kv()).peakBytes(),
                        String.format(
                                Locale.ROOT,
                                "keys and values of %d blocks at their most, %.3f of bf16",
                                settings.modelBlocks(),
                                attentions.get(contestant.kv()).peakBytes()
                                        / (double) attentions
                                                .get(KvQuantization.Codes.NONE)
                                                .peakBytes())));
            }
        } finally {
            attentions.values().forEach(FilledAttention::close);
        }
        return rows;
    }

    private Runnable block(WanTransformer model, SiteForward sites, TextContext text, FilledAttention attention) {
        Tensor x = RandomLayers.activations(
                1, settings.chunkTokens(), settings.config().dim());
        Tensor modulation = RandomLayers.activations(1, 1, 6, settings.config().dim());
        return () -> Torch.withoutGradients(() -> model.blocks()
                .getFirst()
                .forward(x, modulation, model::embedText, text, attention.step(), sites, attention));
    }

    private Runnable step(WanTransformer model, SiteForward sites, TextContext text, FilledAttention attention) {
        Tensor latents = RandomLayers.activations(
                1,
                BenchSettings.CHUNK_FRAMES,
                settings.config().inDim(),
                settings.latentRows(),
                settings.latentColumns());
        Tensor timestep = Tensors.full(DTypes.F32, 500, 1, 1);
        return () -> Torch.withoutGradients(
                () -> model.forward(latents, timestep, text, attention.step(), sites, attention));
    }

    /** Attention over random keys and values of earlier chunks, in whatever form they are kept, and those of the pass. */
    private static final class FilledAttention implements SelfAttention, AutoCloseable {
        private final BenchSettings settings;
        private final KvStore store;
        private final int frames;
        private final WanRope rope;
        private long peakBytes;

        FilledAttention(BenchSettings settings, KvQuantization.Codes kv, int frames) {
            this.settings = settings;
            this.frames = frames;
            this.rope = new WanRope(settings.config().headDim());
            int tokens = settings.chunkTokens();
            int heads = settings.config().numHeads();
            int headDim = settings.config().headDim();
            KvStore.Shape shape =
                    new KvStore.Shape(0, 1, heads, frames * settings.tokensPerFrame(), headDim, DTypes.BF16);
            this.store = KvQuantization.of(kv).stores().create(shape);
            for (int start = 0; start + tokens < shape.slots(); start += tokens) {
                int at = start;
                TensorScope.runAndFree(() -> {
                    Tensor chunk = RandomLayers.activations(1, heads, tokens, headDim);
                    store.write(at, chunk, chunk);
                    store.commit(at, at + tokens);
                });
            }
        }

        RolloutStep step() {
            int start = frames - BenchSettings.CHUNK_FRAMES;
            return new RolloutStep(
                    start / BenchSettings.CHUNK_FRAMES, 0, false, start, BenchSettings.CHUNK_FRAMES, 500);
        }

        @Override
        public Tensor attend(int block, RolloutStep step, Tensor q, Tensor k, Tensor v) {
            int[] positions = WanRope.frames(step.startFrame(), step.frameCount());
            int rows = settings.latentRows() / settings.config().patchSize()[1];
            int columns = settings.latentColumns() / settings.config().patchSize()[2];
            Tensor queries = rope.apply(q, positions, rows, columns).transpose(1, 2);
            Tensor keys = rope.apply(k, positions, rows, columns).transpose(1, 2);
            int end = frames * settings.tokensPerFrame();
            store.write(end - settings.chunkTokens(), keys, v.transpose(1, 2));
            Tensor attended = store.attend(queries, 0, end);
            store.release(end - settings.chunkTokens(), end);
            return attended.transpose(1, 2).reshape(q.size(0), q.size(1), q.size(2) * q.size(3));
        }

        /** When the last block of a context pass has attended: its chunk is as it came, that of all other blocks is in codes. */
        long peakBytes() {
            if (peakBytes == 0) {
                int end = frames * settings.tokensPerFrame();
                int start = end - settings.chunkTokens();
                TensorScope.runAndFree(() -> {
                    Tensor chunk = RandomLayers.activations(
                            1,
                            settings.config().numHeads(),
                            settings.chunkTokens(),
                            settings.config().headDim());
                    store.write(start, chunk, chunk);
                });
                long inWork = store.bytes();
                store.commit(start, end);
                peakBytes = inWork + (settings.modelBlocks() - 1) * store.bytes();
            }
            return peakBytes;
        }

        @Override
        public void close() {
            store.close();
        }
    }
}
