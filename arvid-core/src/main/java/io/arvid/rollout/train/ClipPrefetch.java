package io.arvid.rollout.train;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Encodes the clips of the next step on a thread of its own while the current step trains. What it makes is what would be made anyway. */
final class ClipPrefetch implements AutoCloseable {
    private final LatentDataset dataset;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("clip-prefetch").factory());

    ClipPrefetch(LatentDataset dataset) {
        this.dataset = dataset;
    }

    /** Asks for the first latent frames of clips that will be wanted soon. */
    void request(int[] indices, int frames) {
        thread.execute(() -> {
            for (int index : indices) {
                if (Thread.currentThread().isInterrupted()) {
                    return;
                }
                dataset.clip(index, frames);
            }
        });
    }

    @Override
    public void close() {
        thread.shutdownNow();
        thread.close(); // Waits for the clip that it encodes: dataset and autoencoder may be closed next.
    }
}
