package io.arvid.quantize;

import io.arvid.model.LinearSite;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiFunction;

/** Works on several layers at once, each on a thread of its own with an equal share of libtorch's threads. */
public final class LayerWork implements AutoCloseable {
    private final ExecutorService threads;
    private final int torchThreads = Torch.threads();
    private final int threadsEach;

    /** At most {@code workers} layers at once. */
    public LayerWork(int workers) {
        this.threadsEach = Math.max(1, torchThreads / workers);
        this.threads = Executors.newFixedThreadPool(
                workers, Thread.ofPlatform().daemon().name("layer-", 0).factory());
    }

    /** The plan of every layer, in the order of {@code layers}. The caller owns their tensors; where one fails, all others are given up. */
    public SequencedMap<LinearSite, LayerPlan> map(
            SequencedMap<LinearSite, ScaledLayer> layers, BiFunction<LinearSite, ScaledLayer, LayerPlan> work) {
        return find(layers, (site, layer) -> {
            LayerPlan plan = work.apply(site, layer);
            plan.tensors().forEach(TensorScope::own);
            return plan;
        });
    }

    /** What {@code work} finds out about every layer, in the order of {@code layers}; results hold no tensors but those that they own. */
    public <T> SequencedMap<LinearSite, T> find(
            SequencedMap<LinearSite, ScaledLayer> layers, BiFunction<LinearSite, ScaledLayer, T> work) {
        LinkedHashMap<LinearSite, Future<T>> running = new LinkedHashMap<>();
        layers.forEach((site, layer) -> running.put(site, threads.submit(() -> alone(threadsEach, site, layer, work))));
        LinkedHashMap<LinearSite, T> found = new LinkedHashMap<>();
        try {
            for (var entry : running.entrySet()) {
                found.put(entry.getKey(), entry.getValue().get());
            }
            return found;
        } catch (ExecutionException e) {
            throw new IllegalStateException(
                    e.getCause() instanceof RuntimeException error ? Torch.message(error) : e.toString(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static <T> T alone(
            int threads, LinearSite site, ScaledLayer layer, BiFunction<LinearSite, ScaledLayer, T> work) {
        Torch.setThreads(threads);
        return Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                return work.apply(site, layer);
            }
        });
    }

    /** Waits for layers that are still worked on, so that nobody frees the tensors that they read. */
    @Override
    public void close() {
        threads.shutdownNow();
        threads.close();
        Torch.setThreads(torchThreads);
    }
}
