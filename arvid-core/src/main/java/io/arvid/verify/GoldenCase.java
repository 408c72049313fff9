package io.arvid.verify;

/** Runs one kind of golden case: computes what the case describes and states every comparison. */
@FunctionalInterface
public interface GoldenCase {
    /** Runs the case in {@code folder}. */
    void run(CaseFolder folder, CaseReport report);
}
