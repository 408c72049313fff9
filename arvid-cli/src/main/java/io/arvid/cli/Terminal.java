package io.arvid.cli;

/** What the launcher knows of standard error. */
final class Terminal {
    private Terminal() {}

    /** Width of the terminal that shows standard error; 0 where it is none. */
    static int columns() {
        return Integer.getInteger("arvid.terminal.columns", 0);
    }
}
