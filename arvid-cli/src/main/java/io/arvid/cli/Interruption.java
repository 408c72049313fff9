package io.arvid.cli;

import io.arvid.weights.AtomicFile;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Says one line when the run is stopped from outside (Ctrl-C), removes what is half-written and leaves with exit code 130.
 *
 * <p>Leaves by {@code _exit}: the usual way runs the destructors of libtorch's globals while another thread is still computing with them, which crashes.
 */
final class Interruption {
    static final int EXIT_CODE = 130;

    private final AtomicBoolean ended = new AtomicBoolean();

    private Interruption() {}

    /** Begins to listen. */
    static Interruption listen() {
        Interruption interruption = new Interruption();
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(interruption::stop));
        return interruption;
    }

    /** The command came to its own end. */
    void ended() {
        ended.set(true);
    }

    private void stop() {
        if (!ended.get()) {
            AtomicFile.removeUnfinished();
            System.err.print(Terminal.columns() > 0 ? "\r\033[K" : "");
            System.err.println("arvid: stopped; what was finished is kept");
            System.out.flush();
            leave();
        }
    }

    private static void leave() {
        Linker linker = Linker.nativeLinker();
        try {
            linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("_exit"),
                            FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT))
                    .invokeExact(EXIT_CODE);
        } catch (Throwable e) {
            throw new IllegalStateException("the process could not be left: " + e.getMessage(), e);
        }
    }
}
