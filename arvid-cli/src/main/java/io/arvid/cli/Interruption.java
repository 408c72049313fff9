package io.arvid.cli;

import java.util.concurrent.atomic.AtomicBoolean;

/** Says one line when the run is stopped from outside (Ctrl-C: exit code 130). Unfinished files are removed by their writers. */
final class Interruption {
    private final AtomicBoolean ended = new AtomicBoolean();

    private Interruption() {}

    /** Begins to listen. */
    static Interruption listen() {
        Interruption interruption = new Interruption();
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(interruption::say));
        return interruption;
    }

    /** The command came to its own end. */
    void ended() {
        ended.set(true);
    }

    private void say() {
        if (!ended.get()) {
            System.err.print(Terminal.columns() > 0 ? "\r\033[K" : "");
            System.err.println("arvid: stopped; what was finished is kept");
        }
    }
}
