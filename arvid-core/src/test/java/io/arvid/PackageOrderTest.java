package io.arvid;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Data flows through the packages in one direction: what a package imports lies before it in the order that {@code package-info} tells. */
class PackageOrderTest {
    private static final Path ROOT = Path.of("src", "main", "java", "io", "arvid");
    private static final Pattern USE = Pattern.compile("\\bio\\.arvid\\.([a-z]+)\\b");
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
            Matcher uses = USE.matcher(COMMENT.matcher(Files.readString(file)).replaceAll(" "));
            while (uses.find()) {
                if (order.indexOf(uses.group(1)) > own) {
                    forward.add(relative + " uses " + uses.group(1));
                }
            }
        }
        assertThat(forward).isEmpty();
    }
}
