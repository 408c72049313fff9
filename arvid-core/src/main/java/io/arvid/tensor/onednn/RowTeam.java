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
                    Torch.threads(); // the first question sets libtorch's own number on this thread
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

    /** Runs {@code task} with 0 … count − 1, on this thread and its helpers, and waits for all, even where one fails. */
    public static void run(int count, IntConsumer task) {
        int before = Torch.threads();
        int threads = Math.min(before, count);
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
        try {
            for (int i = 1; i < threads; i++) {
                helping.add(HELPERS.submit(share));
            }
            setNativeThreads(1);
            share.run();
        } finally {
            setNativeThreads(before);
            await(helping);
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

    /** Waits for every helper, whatever becomes of the others: the memory that they write to may be freed after this. An interrupt is kept for later. */
    private static void await(List<Future<?>> helping) {
        boolean interrupted = false;
        Throwable failure = null;
        for (Future<?> helper : helping) {
            boolean waiting = true;
            while (waiting) {
                try {
                    helper.get();
                    waiting = false;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    failure = e.getCause();
                    waiting = false;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw failure instanceof RuntimeException known ? known : new IllegalStateException(failure);
        }
    }
}
