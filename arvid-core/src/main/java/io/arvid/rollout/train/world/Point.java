package io.arvid.rollout.train.world;

/** A position in pixels: x to the right and y down from the upper left corner of the frame; pixel centers lie at halves. */
public record Point(double x, double y) {}
