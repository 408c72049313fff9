package io.arvid.quantize;

import io.arvid.quantize.scheme.Scheme;

/** The settings of one method: a record whose components are the keys of its recipe file. */
public interface Recipe {
    /** The number scheme. */
    Scheme scheme();

    /** Start of every random choice that the method makes. */
    long seed();

    /** Prompts that chunk sensitivities are measured on, where they are used and not given; 0 for methods without. */
    default int sensitivityPrompts() {
        return 0;
    }
}
