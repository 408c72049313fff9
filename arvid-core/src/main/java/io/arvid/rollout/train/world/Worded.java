package io.arvid.rollout.train.world;

/** A choice of the world that one word of the prompt stands for. */
public interface Worded {

    /** The word of the prompt, in lower case. */
    String word();
}
