package io.arvid.compare;

import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.weights.NearestName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Where the recipes {@code method-setting.json} of a comparison lie.
 *
 * @param folders the first that has a file counts
 */
record RecipeFolders(List<Path> folders) {
    private static final String ENDING = ".json";

    /** The recipe of {@code method} at {@code setting}; {@code IllegalArgumentException} with the nearest name where there is none. */
    RecipeFile<?> read(String method, String setting) {
        String name = method + "-" + setting;
        return RecipeFile.read(find(method, setting)
                .orElseThrow(() -> new IllegalArgumentException("there is no recipe " + name + ENDING + " in " + folders
                        + NearestName.suggestion(name, names()))));
    }

    /** The file of {@code method} at {@code setting}. */
    Optional<Path> find(String method, String setting) {
        return folders.stream()
                .map(folder -> folder.resolve(method + "-" + setting + ENDING))
                .filter(Files::exists)
                .findFirst();
    }

    /** Names of all files, without their ending. */
    private Set<String> names() {
        Set<String> names = new TreeSet<>();
        for (Path folder : folders) {
            try (Stream<Path> files = Files.list(folder)) {
                files.map(file -> file.getFileName().toString())
                        .filter(name -> name.endsWith(ENDING))
                        .forEach(name -> names.add(name.substring(0, name.length() - ENDING.length())));
            } catch (IOException e) {
                throw new UncheckedIOException(folder + ": cannot be listed: " + e.getMessage(), e);
            }
        }
        return names;
    }
}
