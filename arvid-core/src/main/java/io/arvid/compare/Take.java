package io.arvid.compare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One video that every model makes.
 *
 * @param name of its files
 * @param prompt what is asked for
 * @param seed of its noise
 */
record Take(String name, String prompt, long seed) {
    /**
     * Every prompt with every seed; prompt {@code i} adds {@code 1000·i} to the seed, so that no two videos share their noise.
     *
     * @throws IllegalArgumentException where two would all the same
     */
    static List<Take> all(List<String> prompts, List<Long> seeds) {
        List<Take> takes = new ArrayList<>();
        for (int prompt = 0; prompt < prompts.size(); prompt++) {
            for (long seed : seeds) {
                takes.add(new Take("p%03d-s%d".formatted(prompt, seed), prompts.get(prompt), seed + 1000L * prompt));
            }
        }
        if (takes.stream().map(Take::seed).distinct().count() < takes.size()) {
            throw new IllegalArgumentException("seeds " + seeds
                    + " give two videos the same noise, since each prompt adds 1000 to those before it;"
                    + " use seeds from 0 to 999, each once");
        }
        return takes;
    }

    /** Number of the prompt in a take's name: videos of one prompt are not independent. */
    static String promptOf(String name) {
        return name.substring(0, name.indexOf('-'));
    }

    Path frames(Path folder) {
        return folder.resolve(name + ".mkv");
    }

    Path latents(Path folder) {
        return folder.resolve(name + ".safetensors");
    }
}
