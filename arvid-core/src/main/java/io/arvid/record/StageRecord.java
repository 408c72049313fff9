package io.arvid.record;

/**
 * What one stage of a run cost.
 *
 * @param name what was done
 * @param steps equal steps that it took
 * @param seconds wall-clock time
 * @param peakBytes largest resident memory of the process during the stage; 0 where the system does not tell
 */
public record StageRecord(String name, long steps, double seconds, long peakBytes) {}
