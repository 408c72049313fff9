package io.arvid.evaluate.suite;

import java.util.List;

/**
 * A weights file that a metric needs.
 *
 * @param name what {@code --weights} calls it
 * @param published names under which it is published, by which it is found in a folder
 * @param required false where another file may hold it too
 */
public record WeightSlot(String name, List<String> published, boolean required) {
    static WeightSlot of(String name, String... published) {
        return new WeightSlot(name, List.of(published), true);
    }

    static WeightSlot optional(String name, String... published) {
        return new WeightSlot(name, List.of(published), false);
    }
}
