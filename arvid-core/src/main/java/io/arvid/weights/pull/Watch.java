package io.arvid.weights.pull;

import java.io.IOException;
import java.io.InputStream;

/** Closes a stream that brings nothing for a while, so that the thread which waits for it fails and can try again. */
final class Watch implements AutoCloseable {
    private final InputStream stream;
    private final long stallMillis;
    private final Thread thread;
    private volatile long lastSign = System.nanoTime();

    Watch(InputStream stream, long stallMillis) {
        this.stream = stream;
        this.stallMillis = stallMillis;
        this.thread = Thread.ofVirtual().start(this::watch);
    }

    /** The stream; whatever is read from it, or skipped, is a sign of life. */
    InputStream stream() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                int read = stream.read();
                lastSign = System.nanoTime();
                return read;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                int read = stream.read(buffer, offset, length);
                lastSign = System.nanoTime();
                return read;
            }
        };
    }

    private void watch() {
        try {
            while (true) {
                long silent = (System.nanoTime() - lastSign) / 1_000_000;
                if (silent >= stallMillis) {
                    closeStream();
                    return;
                }
                Thread.sleep(stallMillis - silent);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void closeStream() {
        try {
            stream.close();
        } catch (IOException e) {
            // The reader notices that the stream is closed; nothing else depends on it.
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        closeStream();
    }
}
