package io.arvid;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Data flows through the packages in one direction: what a package imports lies before it in the order that {@code package-info} tells. */
class PackageOrderTest {
    private static final Path ROOT = Path.of("src", "main", "java", "io", "arvid");
    private static final Pattern USE = Pattern.compile("\\bio\\.arvid\\.([a-z]+)\\b");
    private static final Pattern USE_IN_QUANTIZE =
            Pattern.compile("\\bio\\.arvid\\.quantize\\.(?:([a-z0-9]+)\\.)?[A-Z]");
    private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/|//[^\n]*", Pattern.DOTALL);

    /** The names in the root's {@code package-info}, in their order. */
    private static List<String> order() throws IOException {
        String text = Files.readString(ROOT.resolve("package-info.java"));
        Matcher names = Pattern.compile("\\{@code ([a-z]+)}").matcher(text);
        List<String> order = new ArrayList<>();
        while (names.find()) {
            order.add(names.group(1));
        }
        return order;
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(ROOT)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }

    private static String code(Path file) throws IOException {
        return COMMENT.matcher(Files.readString(file)).replaceAll(" ");
    }

    @Test
    void theOrderNamesEveryPackage() throws IOException {
        try (Stream<Path> packages = Files.list(ROOT)) {
            assertThat(packages.filter(Files::isDirectory)
                            .map(folder -> folder.getFileName().toString()))
                    .isSubsetOf(order());
        }
    }

    @Test
    void noImportPointsForward() throws IOException {
        List<String> order = order();
        TreeSet<String> forward = new TreeSet<>();
        for (Path file : sources()) {
            Path relative = ROOT.relativize(file);
            int own = relative.getNameCount() == 1
                    ? order.size()
                    : order.indexOf(relative.getName(0).toString());
            Matcher uses = USE.matcher(code(file));
            while (uses.find()) {
                if (order.indexOf(uses.group(1)) > own) {
                    forward.add(relative + " uses " + uses.group(1));
                }
            }
        }
        assertThat(forward).isEmpty();
    }

    /** Packages that use no other are taken away again and again: what stays uses itself in a circle, or uses what does. */
    @Test
    void noPackagesOfQuantizeUseEachOther() throws IOException {
        Map<String, Set<String>> uses = new TreeMap<>();
        for (Path file : sources()) {
            Path folder = ROOT.relativize(file.getParent());
            if (folder.startsWith("quantize")) {
                String own = folder.getNameCount() == 1 ? "" : folder.getName(1).toString();
                Set<String> others = uses.computeIfAbsent(own, name -> new TreeSet<>());
                USE_IN_QUANTIZE
                        .matcher(code(file))
                        .results()
                        .map(use -> Objects.requireNonNullElse(use.group(1), ""))
                        .filter(other -> !other.equals(own))
                        .forEach(others::add);
            }
        }
        assertThat(uses).containsKeys("", "recipe", "scheme");
        boolean removed = true;
        while (removed) {
            removed = uses.values().removeIf(others -> Collections.disjoint(others, uses.keySet()));
        }
        assertThat(uses).isEmpty();
    }
}
