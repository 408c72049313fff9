package io.arvid.tensor.onednn;

import io.arvid.tensor.Torch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Splits work among as many threads as libtorch may use; within a task, native code uses one. */
public final class RowTeam {
    private static final ExecutorService HELPERS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(
                () -> {
                    setNativeThreads(1);
                    task.run();
                },
                "arvid-rows");
        thread.setDaemon(true);
        return thread;
    });

    private RowTeam() {}

    private static void setNativeThreads(int threads) {
        Onednn.find().ifPresent(onednn -> onednn.setThreads(threads));
    }

    /** Runs {@code task} with 0 … count − 1, on this thread and its helpers, and waits for all. */
    public static void run(int count, IntConsumer task) {
        int threads = Math.min(Torch.threads(), count);
        if (threads <= 1) {
            alone(count, task);
            return;
        }
        AtomicInteger next = new AtomicInteger();
        Runnable share = () -> {
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                task.accept(i);
            }
        };
        List<Future<?>> helping = new ArrayList<>();
        for (int i = 1; i < threads; i++) {
            helping.add(HELPERS.submit(share));
        }
        int before = Torch.threads();
        setNativeThreads(1);
        try {
            share.run();
        } finally {
            setNativeThreads(before);
            helping.forEach(RowTeam::await);
        }
    }

    private static void alone(int count, IntConsumer task) {
        int before = Torch.threads();
        if (before > 1) {
            setNativeThreads(1);
        }
        try {
            for (int i = 0; i < count; i++) {
                task.accept(i);
            }
        } finally {
            if (before > 1) {
                setNativeThreads(before);
            }
        }
    }

    private static void await(Future<?> helper) {
        try {
            helper.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while multiplying", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : new IllegalStateException(e.getCause());
        }
    }
}
